include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/clipbuf")

install(TARGETS clipbuf EXPORT clipbuf-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILE_SET opencv_headers DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT clipbuf-targets NAMESPACE clipbuf:: DESTINATION ${package_dir})

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/clipbuf-config.cmake.in" "${PROJECT_BINARY_DIR}/clipbuf-config.cmake"
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file("${PROJECT_BINARY_DIR}/clipbuf-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/clipbuf-config.cmake"
  "${PROJECT_BINARY_DIR}/clipbuf-config-version.cmake"
  DESTINATION ${package_dir})
if(NOT BUILD_SHARED_LIBS)
  install(FILES "${PROJECT_SOURCE_DIR}/cmake/FindTurboJPEG.cmake" DESTINATION ${package_dir})
endif()
