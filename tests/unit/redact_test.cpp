#include <clipbuf/source.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using clipbuf::redact;

TEST_CASE("redact: user and password leave a URL, the rest stays") {
  CHECK(redact("rtsp://cam/1") == "rtsp://cam/1");
  CHECK(redact("rtsp://admin:hunter2@cam:554/1") == "rtsp://***@cam:554/1");
  CHECK(redact("rtsp://admin@cam/1") == "rtsp://***@cam/1");
  CHECK(redact("RTSPS://a:b@cam") == "RTSPS://***@cam");
  CHECK(redact("opencv:rtsp://a:b@cam/1") == "opencv:rtsp://***@cam/1");
  CHECK(redact("http://cam:8080/video@2") == "http://***@2");  // too much rather than too little
  CHECK(redact("/home/me/a@b.mp4") == "/home/me/a@b.mp4");
  CHECK(redact("").empty());
}

TEST_CASE("redact: passwords with the characters that people forget to escape") {
  CHECK(redact("rtsp://u:p@ss@cam/1") == "rtsp://***@cam/1");
  CHECK(redact("rtsp://u:p/ss@cam/1") == "rtsp://***@cam/1");
  CHECK(redact("rtsp://u:p?ss@cam/1") == "rtsp://***@cam/1");
  CHECK(redact("rtsp://u:p#ss@cam/1") == "rtsp://***@cam/1");
  CHECK(redact("rtsp://u:p@ss/word@cam/1") == "rtsp://***@cam/1");
  CHECK(redact("rtsp://u:p%40ss@cam/1") == "rtsp://***@cam/1");
}

TEST_CASE("redact: several URLs in one line, and escaped ones") {
  CHECK(redact("from rtsp://a:b@x/1 to 'http://c:d@y/2', then z") ==
        "from rtsp://***@x/1 to 'http://***@y/2', then z");
  CHECK(redact("next=rtsp%3A%2F%2Fu%3Apw%40cam%2F1") == "next=rtsp%3A%2F%2F***@cam%2F1");
  CHECK(redact("rtsp:\\/\\/u:pw@cam\\/1") == "rtsp:\\/\\/***@cam\\/1");
}

TEST_CASE("redact: values of secret keys in queries") {
  CHECK(redact("http://c/v?user=a&password=b&w=640") == "http://c/v?user=***&password=***&w=640");
  CHECK(redact("http://c/v?PWD=b#x") == "http://c/v?PWD=***#x");
  CHECK(redact("http://c/v?token=b;size=2") == "http://c/v?token=***;size=2");
  CHECK(redact("https://b.s3/x?X-Amz-Signature=0af&X-Amz-Date=2026&partNumber=1") ==
        "https://b.s3/x?X-Amz-Signature=***&X-Amz-Date=***&partNumber=1");
  CHECK(redact("http://c/v?api_key=k&keyframe=1&key=z") ==
        "http://c/v?api_key=***&keyframe=1&key=***");
  CHECK(redact("u=http%3A%2F%2Fc%2Fv%3Fpwd%3Dsecret%26w%3D1") ==
        "u=http%3A%2F%2Fc%2Fv%3Fpwd%3D***%26w%3D1");
  CHECK(redact("http://c/v?pass=") == "http://c/v?pass=");
}

TEST_CASE(
    "redact: whatever stands around it, the password is gone and nothing changes the second time") {
  const std::vector<std::string> parts{"rtsp://", "http://", "%3A%2F%2F", "cam", "/", "?",  "&",
                                       " ",       "\"",      "a=b",       "%26", "#", "@b", ":554",
                                       "...",     "\n",      "[::1]",     "%2F", ";", "x"};
  const std::vector<std::string> secrets{"rtsp://u:CANARY@h", "https://CANARY:pw@h/x",
                                         "?password=CANARY",  "&X-Amz-Security-Token=CANARY",
                                         "?pwd%3DCANARY",     "http%3A%2F%2Fu%3ACANARY%40h"};
  std::mt19937 random(7);
  const auto pick = [&](const std::vector<std::string>& from) {
    return from[random() % from.size()];
  };
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto n = random() % 6; n > 0; --n)
      text += pick(parts);
    text += " " + pick(secrets);  // a word of its own: where it begins is known
    for (auto n = random() % 6; n > 0; --n)
      text += pick(parts);
    const std::string once = redact(text);
    REQUIRE_MESSAGE(once.find("CANARY") == std::string::npos, text << " -> " << once);
    REQUIRE_MESSAGE(redact(once) == once, text << " -> " << once);
  }
}

TEST_CASE("redact: any bytes at all are taken") {
  std::mt19937 random(11);
  for (int round = 0; round < 2'000; ++round) {
    std::string text(random() % 200, ' ');
    for (char& c : text)
      c = static_cast<char>(random());
    const std::string once = redact(text);
    CHECK(redact(once) == once);
  }
}
