#include "detail/packet_record.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace clipbuf;

TEST_CASE("packet record: the head of a usual packet takes at most ten bytes") {
  detail::RecordState state;
  detail::RecordHead head;
  Packet packet;
  packet.dts = 90'000'000;
  state.set_last_dts(0, packet.dts - 3000);
  packet.pts = packet.dts + 3000;
  packet.duration = 3000;
  const std::vector<std::byte> data(8000);
  packet.data = data;
  CHECK(detail::encode_record(packet, state, head) <= 10);
}

TEST_CASE("packet record: whatever bytes it is given, decoding ends and stays inside") {
  std::mt19937 random(3);
  for (int i = 0; i < 20'000; ++i) {
    std::vector<std::byte> bytes(random() % 60);
    for (auto& byte : bytes)
      byte = static_cast<std::byte>(random() % 3 == 0 ? random() | 0x80 : random());
    detail::RecordState state;
    Packet packet;
    const auto lengths = detail::decode_record(bytes, state, packet);
    CHECK(lengths.head <= bytes.size());
  }
}

TEST_CASE("packet record: a head that is cut short is none") {
  detail::RecordState state;
  detail::RecordHead head;
  Packet packet;
  packet.track = 300;
  packet.pts = packet.dts = 1'000'000'000'000;
  packet.recovery = 9;
  const std::size_t size = detail::encode_record(packet, state, head);
  for (std::size_t cut = 0; cut < size; ++cut) {
    detail::RecordState fresh;
    Packet out;
    CHECK(detail::decode_record(std::span(head).first(cut), fresh, out).head == 0);
  }
  Packet out;
  CHECK(detail::decode_record(std::span(head).first(size), state, out).head == size);
  CHECK(out.track == 300);
  CHECK(out.recovery == 9);
}
