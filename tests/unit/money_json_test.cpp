#include "engine/money_json.h"

#include <gtest/gtest.h>

namespace basalt {
namespace {

TEST(MoneyJson, is_a_number_as_long_as_every_reader_keeps_it_exactly) {
  EXPECT_EQ(money_json(Money{0}).dump(), "0");
  EXPECT_EQ(money_json(Money{-17}).dump(), "-17");
  EXPECT_EQ(money_json(Money{9'007'199'254'740'992}).dump(), "9007199254740992");
  EXPECT_EQ(money_json(Money{9'007'199'254'740'993}).dump(), "\"9007199254740993\"");
  EXPECT_EQ(money_json(Money{-9'007'199'254'740'992}).dump(), "-9007199254740992");
  EXPECT_EQ(money_json(Money{-9'007'199'254'740'993}).dump(), "\"-9007199254740993\"");
}

TEST(MoneyJson, has_all_its_digits) {
  EXPECT_EQ(money_json(Money{int128{1} << 100}), "1267650600228229401496703205376");
  constexpr int128 lowest = -(int128{1} << 126) * 2;
  EXPECT_EQ(money_json(Money{lowest}), "-170141183460469231731687303715884105728");
}

}  // namespace
}  // namespace basalt
