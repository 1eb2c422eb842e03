// What a client may get wrong. Of several faults one is told: the first that the decoder finds, or
// else risk (risk_decide.cpp), or else the book (matching/RULES.md).
// The values are journaled: append only, never renumber. The wire's own code for each is in
// feedhandlers/order_entry (OUCH 5.0, "Rejected" reasons), reached through ouch_reject_code().
#pragma once

#include <cstdint>

namespace basalt {

enum class [[nodiscard]] Reject : std::uint8_t{
    none = 0,
    // Found by the decoder: a field that no rule gives a meaning.
    invalid_side = 1,           // Side is none of B, S, T, E.
    invalid_time_in_force = 2,  // Not a time in force that this venue takes.
    invalid_display = 3,        // Display is not a value the venue takes.
    invalid_cross_type = 4,     // Not a cross that this venue takes orders for.
    invalid_option = 5,         // An appendage element that the venue does not take, or malformed.
    invalid_value = 6,  // Of an administrative command: a letter without a meaning, or no id.
    // Found by risk.
    unknown_instrument = 16,     // No instrument has this symbol.
    account_not_permitted = 17,  // The session may not act for this account, or there is none.
    account_suspended = 18,      // Order entry is switched off for the account.
    instrument_closed = 19,      // The instrument is not open for orders.
    instrument_halted = 20,      // Trading in the instrument is halted.
    invalid_quantity = 21,    // Zero, beyond the instrument's largest, or not a multiple of a lot.
    invalid_price = 22,       // Not a multiple of the tick, zero, or beyond the price cap.
    notional_exceeded = 23,   // Price times quantity is beyond the limit for one order.
    no_reference_price = 24,  // A market order, and nothing to bound it by.
    insufficient_funds = 25,  // The account's free balance does not cover the hold.
    open_orders_exceeded = 26,  // The account, or the venue, has no room for another live order.
    // What a reserve order shows is not above zero, or might not be, or it hides.
    invalid_max_floor = 27,
    invalid_min_quantity = 28,  // Below zero, or more than the order's quantity.
    invalid_stop_price = 29,    // Beyond the price cap, for an auction alone, or nothing to trail.
    invalid_expiry = 30,        // Not after the time at which the order is decided, or no time.
    // The firm has switched order entry off, for all of it or for this account. Told after
    // account_suspended.
    entry_disabled = 31,
    // The session has too many mass cancels under way.
    mass_cancels_exceeded = 32,
    crossed_quote = 33,  // A quote that would buy at no less than it sells at.
    side_of_quote = 34,  // A replacement of an order that only the next quote replaces.
    // Linked to what is no live order of the account in the instrument, or linked itself already.
    invalid_link = 35,
    invalid_peg = 36,  // It cannot follow the market: RULES.md, 60.
    // Found by matching.
    outside_collar = 48,    // Beyond the dynamic collar around the last trade.
    not_live = 49,          // Cancel, reduce or replace of an order that is not live.
    would_cross = 50,       // Post-only, and it would take.
    lowers_nothing = 51,    // A reduction to a total that is not lower.
    duplicate_order = 52,   // The number names a live order.
    not_for_auction = 53,   // It would have to trade at once; or the uncross is under way.
    quotes_withdrawn = 62,  // Too much has traded against the account's quote; set its protection.
    outside_auction = 60,   // For an auction alone, and the instrument is not in that one.
    // Found by risk, of administrative commands.
    unknown_reference = 80,  // Names an asset, instrument, account or session that is not defined.
    already_defined = 81,    // Defines again what is defined, with other values.
    duplicate_external_id = 82,  // This external id was applied before: nothing is done twice.
    limit_exceeded = 83,         // No room for another, or a value beyond what the venue takes.
    not_an_admin = 84,           // The session may not administer. Told before any other fault.
    not_in_auction = 85,         // An uncross of an instrument that is in no auction.
};

}  // namespace basalt
