#include "source/nal.hpp"

#include "source/parameter_watch.hpp"
#include "support/remux.hpp"

#include <doctest/doctest.h>

#include <random>

namespace clipbuf::test {
namespace {

using detail::for_each_nal;
using detail::NalKind;

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> out;
  for (const int value : values)
    out.push_back(static_cast<std::byte>(value));
  return out;
}

std::vector<std::vector<std::byte>> nals_of(const std::vector<std::byte>& packet, int length_size) {
  std::vector<std::vector<std::byte>> nals;
  for_each_nal(packet, length_size, [&](detail::Bytes nal) {
    nals.emplace_back(nal.begin(), nal.end());
    return true;
  });
  return nals;
}

detail::AvPacketPtr key_packet(const std::vector<std::byte>& bytes) {
  detail::AvPacketPtr packet(av_packet_alloc());
  REQUIRE(av_new_packet(packet.get(), static_cast<int>(bytes.size())) >= 0);
  std::memcpy(packet->data, bytes.data(), bytes.size());
  packet->flags = AV_PKT_FLAG_KEY;
  return packet;
}

/// A key packet with its parameter sets before it.
std::vector<std::byte> with_sets(const CodedVideo& video) {
  std::vector<std::byte> bytes = video.track.extradata;
  const Packet& first = video.packets.at(0);
  bytes.insert(bytes.end(), first.data.begin(), first.data.end());
  return bytes;
}

}  // namespace

TEST_CASE("nal: start codes of three and four bytes, and what is between") {
  const auto nals =
      nals_of(bytes_of({0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 0, 1, 0x65, 9}), 0);
  REQUIRE(nals.size() == 3);
  CHECK(nals[0] == bytes_of({0x67, 1, 2}));
  CHECK(nals[1] == bytes_of({0x68, 3}));
  CHECK(nals[2] == bytes_of({0x65, 9}));
  CHECK(nals_of(bytes_of({1, 2, 3}), 0).empty());
  CHECK(nals_of({}, 0).empty());
}

TEST_CASE("nal: lengths, and lengths that lie") {
  CHECK(nals_of(bytes_of({0, 0, 0, 2, 0x65, 1, 0, 0, 0, 1, 0x41}), 4).size() == 2);
  CHECK(nals_of(bytes_of({0, 2, 0x65, 1, 0, 9, 0x41}), 2).size() == 1);
  CHECK(nals_of(bytes_of({255, 255, 255, 255, 1}), 4).empty());
}

TEST_CASE("nal: any bytes at all are walked without leaving them") {
  std::mt19937 random(5);
  for (int round = 0; round < 5000; ++round) {
    std::vector<std::byte> bytes(random() % 64);
    for (std::byte& b : bytes)
      b = static_cast<std::byte>(random() % 4);
    for (const int length_size : {0, 1, 2, 3, 4}) {
      for (const auto& nal : nals_of(bytes, length_size)) {
        CHECK_FALSE(nal.empty());
        detail::nal_kind(AV_CODEC_ID_H264, nal);
        detail::nal_kind(AV_CODEC_ID_HEVC, nal);
      }
    }
    detail::nal_length_size(AV_CODEC_ID_H264, bytes);
    detail::nal_length_size(AV_CODEC_ID_HEVC, bytes);
  }
}

TEST_CASE("nal: kinds") {
  const auto h264 = [](int first) { return detail::nal_kind(AV_CODEC_ID_H264, bytes_of({first})); };
  CHECK(h264(0x67) == NalKind::kSequenceSet);
  CHECK(h264(0x68) == NalKind::kParameterSet);
  CHECK(h264(0x65) == NalKind::kIdrSlice);
  CHECK(h264(0x41) == NalKind::kSlice);
  CHECK(h264(0x06) == NalKind::kOther);
  const auto hevc = [](int type) {
    return detail::nal_kind(AV_CODEC_ID_HEVC, bytes_of({type << 1, 1}));
  };
  CHECK(hevc(32) == NalKind::kParameterSet);
  CHECK(hevc(33) == NalKind::kSequenceSet);
  CHECK(hevc(19) == NalKind::kIdrSlice);
  CHECK(hevc(21) == NalKind::kSlice);  // a clean random access picture: the order goes on
  CHECK(hevc(1) == NalKind::kSlice);
  CHECK(detail::nal_kind(AV_CODEC_ID_VP9, bytes_of({0x67})) == NalKind::kOther);
}

TEST_CASE("parameter watch: the same sets again are no news, nor is another PPS; another SPS is") {
  const CodedVideo video = encode("libx264", 1, 64, 48, 0);
  const CodedVideo larger = encode("libx264", 1, 96, 64, 0);
  auto parameters = detail::parameters_from(video.track);
  REQUIRE(parameters);
  detail::ParameterWatch watch(**parameters, video.track, 0);
  std::vector<std::byte> packet = with_sets(video);
  CHECK_FALSE(watch.see(*key_packet(packet)));
  // the PPS is the last set: its last byte is the one before the slice's start code
  packet.at(video.track.extradata.size() - 1) ^= std::byte{0x40};
  CHECK_FALSE(watch.see(*key_packet(packet)));
  const auto changed = watch.see(*key_packet(with_sets(larger)));
  REQUIRE(changed);
  CHECK(changed->width == 96);
  CHECK(changed->height == 64);
  CHECK_FALSE(watch.see(*key_packet(with_sets(larger))));
  CHECK(watch.see(*key_packet(with_sets(video))));  // and back
}

}  // namespace clipbuf::test
