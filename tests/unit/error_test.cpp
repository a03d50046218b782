#include <clipbuf/error.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <set>

using namespace clipbuf;

TEST_CASE("error: every code has a name of its own") {
  std::set<std::string_view> names;
  for (std::int32_t code = -15; code <= -1; ++code)
    names.insert(errc_name(static_cast<Errc>(code)));
  CHECK(names.size() == 15);
  CHECK(errc_name(Errc::kNothingInRange) == "nothing_in_range");
  CHECK(errc_name(static_cast<Errc>(42)) == "unknown");
}

TEST_CASE("error: taking the value of a failed result throws its text") {
  const Result<int> failed = Error{Errc::kTimedOut, "after 10 s"};
  CHECK(!failed);
  CHECK_THROWS_WITH_AS(failed.value(), "timed_out: after 10 s", BadResultAccess);
  CHECK_THROWS_AS(Result<void>(Error{Errc::kInternal, "x"}).value(), BadResultAccess);
  CHECK(Result<int>(Error{}).value_or(7) == 7);
}

TEST_CASE("error: a result carries what can only be moved") {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  REQUIRE(result);
  const std::unique_ptr<int> taken = *std::move(result);
  CHECK(*taken == 5);
}
