"""Worked examples of a company's money, each with its hand computation."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from provisioning.licensing import price_book
from provisioning.licensing.realised import compare
from tests.provisioning.licensing.company import NOW, Company, book, cost, saved


def monthly(name, product, prices="bands: [{each: 8}]", more="", *, lists=None):
    """A contract that is billed every month, from the 12th on."""
    lists = lists or f"{{from: 2020-01-01, {prices}}}"
    return (
        f"{{name: {name}, product: {product}, {more}term: monthly, renews_on: 2026-01-12, prices: [{lists}]}}"
    )


EACH_8 = monthly("Jira", "jira")
WIKI = monthly("Wiki", "wiki", "bands: [{each: 5}]")
APP = monthly("App", "app", "bands: [{each: 1.10}]", "per: host, hosts: [jira, desk], ")
GUARD = monthly("Guard", "guard", "bands: [{each: 4}]", "per: managed_account, ")
TIERS = (
    "tiers: [{up_to: 10, price: 900}, {up_to: 15, price: 1400}, {up_to: 25, price: 2050}, "
    "{up_to: 50, price: 3900}, {up_to: 100, price: 7000}]"
)


def annual(more="", renews_on="2026-12-15", product="jira", name="Jira"):
    """A yearly contract in the tiers of 10 to 100 seats."""
    return (
        f"{{name: {name}, product: {product}, term: annual, renews_on: {renews_on}, {more}"
        f"prices: [{{from: 2020-01-01, {TIERS}}}]}}"
    )


def money(*amounts):
    return tuple(map(Decimal, amounts))


class TestCounting:
    def test_one_seat_seen_twice_is_paid_once(self):
        """W1. Three seats, through the organisation and the site: 3 x 8 = 24, not 48."""
        company = Company().hold("jira", 3, target="organisation").hold("jira", 3, target="site")

        assert Decimal(24) == cost(company.assess(book(EACH_8)))

    def test_cloud_prices_bill_no_server(self):
        """W6. The contract of the cloud finds nothing on own servers, and the other way round."""
        company = Company().on_servers("wiki").hold("jira", 40, target="wiki")
        server = (
            "{name: DC, product: jira, deployment: data_center, term: annual, "
            "prices: [{from: 2020-01-01, tiers: [{up_to: 500, price: 20000}]}]}"
        )
        found = company.assess(book(EACH_8, server))

        # 20,000 / 12
        assert Decimal("1666.67") == cost(found)
        assert [contract.name for contract in found.unused] == ["Jira"]
        assert company.assess(book(EACH_8)).charges == []

    def test_a_line_of_the_first_form_for_servers_prices_them(self):
        """W6. `jira-dc` is Jira on own servers, whatever the plain line says."""
        company = Company().on_servers("old").hold("jira", 522, target="old")
        text = (
            "version: 1\ncurrency: USD\nbooks: [{valid_from: 2024-01-01, products: {jira: {billing: monthly, "
            "bands: [{each: 5}]}, jira-dc: {billing: data_center, tiers: [{up_to: 500, price: 20000}, "
            "{up_to: 1000, price: 36000}]}}}]"
        )

        # 36,000 / 12
        assert Decimal(3000) == cost(company.assess(text))


class TestPaidFor:
    def test_a_year_costs_what_was_bought(self):
        """W8. 100 bought, 27 held: 7,000 / 12 = 583.33; 50 would do: 7,000 - 3,900 = 3,100."""
        found = Company().hold("jira", 27).assess(book(annual("bought: 100, ")))

        assert Decimal("583.33") == cost(found)
        assert Decimal(3100) == found.charges[0].oversized

    def test_freeing_and_buying_fewer_are_told_apart(self):
        """W8. Of 27 two are idle: 25 would do; 3,900 - 2,050 = 1,850 by freeing, 3,100 by buying fewer."""
        found = (
            Company().hold("jira", 25).hold("jira", 2, "w", last=200).assess(book(annual("bought: 100, ")))
        )

        assert money("0", "1850") == saved(found)
        assert Decimal(3100) == found.charges[0].oversized

    def test_a_cycle_costs_its_highest_count(self):
        """W8. 120 billed in this cycle, 100 held now: 120 x 8 = 960; the next one counts from 100."""
        text = book(EACH_8.replace("prices:", "billed: 120, prices:"))
        found = Company().hold("jira", 99).hold("jira", 1, "w", last=200).assess(text)

        assert Decimal(960) == cost(found)
        assert money("8", "0") == saved(found)

    def test_what_nobody_holds_is_paid_all_the_same(self):
        """W8. 50 bought, nobody holds one: 3,900 / 12 = 325."""
        found = Company().hold("wiki", 1).assess(book(annual("bought: 50, ")))

        assert Decimal(325) == cost(found)

    def test_the_cap_of_a_site_was_not_bought(self):
        """W8. The API tells 35,000 for 20 seats of a yearly contract: 2,050 / 12 = 170.83."""
        found = Company().hold("jira", 20).tell("jira", 35000).assess(book(annual()))

        assert Decimal("170.83") == cost(found)

    def test_seats_beyond_the_last_tier_keep_the_price_of_the_rest(self):
        """W14. 101 seats, the last tier ends at 100: at least 7,000 / 12 = 583.33."""
        found = Company().hold("jira", 101).assess(book(annual()))

        assert Decimal("583.33") == cost(found)
        assert found.charges[0].unpriced == 1

    def test_freeing_seats_beyond_the_last_tier_saves_what_is_known(self):
        """W14. 102 seats, 3 wasted, 99 stay in the tier of 100: nothing of the known price."""
        found = Company().hold("jira", 99).hold("jira", 3, "w", last=200).assess(book(annual()))

        assert money("0", "0") == saved(found)


class TestSavings:
    def test_money_of_different_days_is_never_added(self):
        """W9. An idle Confluence seat: 5.00 a month from the next cycle; Jira 26 -> 25: 1,850 once."""
        company = Company().hold("jira", 25).hold("jira", 1, "w", last=200).hold("wiki", 1, "c", last=200)
        found = company.assess(book(annual(renews_on="2027-11-15"), WIKI))

        assert money("5", "1850") == saved(found)
        assert {date(2026, 12, 12), date(2027, 11, 15)} == {charge.effective for charge in found.charges}

    def test_each_seat_saves_what_the_bill_falls_by(self):
        """W10. 105 seats, 100 at 8 and 5 at 5: the leaver alone 5; all ten 5 x 5 + 5 x 8 = 65."""
        text = book(monthly("Jira", "jira", "bands: [{up_to: 100, each: 8}, {each: 5}]"))
        company = Company().hold("jira", 95).hold("jira", 9, "w", last=200)
        found = company.hold("jira", 1, "l", state="departed", last=3).assess(text)

        assert money("65", "0") == saved(found)
        assert ["leaver", *["idle"] * 9] == list(found.waste["reason"])
        assert [Decimal(5)] * 5 + [Decimal(8)] * 5 == list(found.waste["monthly"])

    def test_only_the_seat_that_reaches_the_tier_saves(self):
        """W10. Yearly 27 -> 24: the first does not reach 25, the second does, 1,850; the third no more."""
        found = Company().hold("jira", 24).hold("jira", 3, "w", last=200).assess(book(annual()))

        assert list(money("0", "1850", "0")) == list(found.waste["at_renewal"])
        assert list(money("0", "0", "0")) == list(found.waste["monthly"])

    def test_a_saving_is_worth_what_the_list_of_its_day_says(self):
        """W11. 101 -> 100 in the cycle of 12 December, the list of 1 December says 9: 9.00, not 7.00."""
        lists = (
            "{from: 2024-01-01, bands: [{up_to: 100, each: 8}, {each: 7}]}, "
            "{from: 2026-12-01, bands: [{up_to: 100, each: 10}, {each: 9}]}"
        )
        text = book(monthly("Jira", "jira", lists=lists))
        found = Company().hold("jira", 100).hold("jira", 1, "w", last=200).assess(text)

        # 100 x 8 + 7 is paid in the running cycle.
        assert Decimal(807) == cost(found)
        assert money("9", "0") == saved(found)

    def test_a_renewal_saves_by_its_own_list(self):
        """W11. 26 -> 25 at a renewal under the newer list: 4,400 - 2,400 = 2,000, not 1,850."""
        lists = (
            "{from: 2024-01-01, tiers: [{up_to: 25, price: 2050}, {up_to: 50, price: 3900}]}, "
            "{from: 2026-12-01, tiers: [{up_to: 25, price: 2400}, {up_to: 50, price: 4400}]}"
        )
        text = book(f"{{name: Jira, product: jira, term: annual, renews_on: 2025-12-31, prices: [{lists}]}}")
        found = Company().hold("jira", 25).hold("jira", 1, "w", last=200).assess(text)

        assert Decimal(325) == cost(found)
        assert money("0", "2000") == saved(found)

    def test_the_day_before_and_after_a_new_list(self):
        """The list of 1 December: on 30 November without a day of renewal 8, on 1 December 9."""
        lists = "{from: 2024-01-01, bands: [{each: 8}]}, {from: 2026-12-01, bands: [{each: 9}]}"
        text = book(f"{{name: Jira, product: jira, term: monthly, prices: [{lists}]}}")
        company = Company().hold("jira", 10)

        assert Decimal(80) == cost(company.assess(text, now=datetime(2026, 11, 30, tzinfo=UTC)))
        assert Decimal(90) == cost(company.assess(text, now=datetime(2026, 12, 1, tzinfo=UTC)))

    def test_nobody_returns_to_a_free_plan(self):
        """W12. 11 seats at 8, one wasted: 8, not 88; two wasted: 16."""
        text = book(EACH_8.replace("bands:", "small_team: {up_to: 10, price: 0}, bands:"))

        assert money("8", "0") == saved(
            Company().hold("jira", 10).hold("jira", 1, "w", last=200).assess(text)
        )
        assert money("16", "0") == saved(
            Company().hold("jira", 9).hold("jira", 2, "w", last=200).assess(text)
        )
        assert money("0", "0") == saved(Company().hold("jira", 8).hold("jira", 2, "w", last=200).assess(text))

    def test_the_last_seat_of_a_site_saves_no_flat_price(self):
        """W12. One seat under a flat 80: only cancelling saves it."""
        text = book(EACH_8.replace("[{each: 8}]", "[{up_to: 10, flat: 80}, {each: 8}]"))

        assert money("0", "0") == saved(Company().hold("jira", 1, last=200).assess(text))

    def test_lines_that_price_nobody_are_told(self):
        """W13. A mistyped site, and an app of which nobody can tell who uses it."""
        typo = EACH_8.replace("name: Jira,", "name: Labs, sites: [acme-lab],")
        app = monthly("Tempo", "tempo", more="per: host, hosts: [trello], ")
        found = Company().hold("jira", 2, site="acme-labs").assess(book(typo, app))

        assert [contract.name for contract in found.unused] == ["Labs", "Tempo"]

    def test_people_at_work_are_in_no_saving(self):
        """W7. A contractor nobody knows and a person on leave, both seen lately, beside one idle seat: 8."""
        company = Company().hold("jira", 1, "w", last=200).hold("jira", 1, "s", state="suspended", last=5)
        company.hold("jira", 1, "x", last=0)
        del company.people["x0"]
        found = company.assess(book(EACH_8))

        assert money("8", "0") == saved(found)
        assert dict(zip(found.waste["account_id"], found.waste["lane"], strict=True)) == {
            "w0": "ready",
            "s0": "review",
            "x0": "review",
        }

    def test_an_old_export_makes_nobody_idle(self):
        """W4. Read 90 days late, the file says what it said on its day: one idle seat of three."""
        company = (
            Company()
            .hold("jira", 2, last=91)
            .hold("jira", 1, "w", last=290)
            .as_of("cloud", NOW - timedelta(days=90))
        )

        assert list(company.assess(book(EACH_8)).waste["account_id"]) == ["w0"]


class TestUnits:
    def test_a_person_on_two_sites_counts_once_for_enterprise(self):
        """5 people on one site, 3 of them on another too: 5 x 8 = 40; by seats it would be 64."""
        company = Company().hold("jira", 5, site="one").hold("jira", 3, site="two")

        assert Decimal(40) == cost(company.assess(book(EACH_8.replace("term:", "per: unique_user, term:"))))
        assert Decimal(64) == cost(company.assess(book(EACH_8)))

    def test_a_unique_person_is_freed_with_the_last_seat(self):
        """Idle on one of two sites saves nothing; idle on both saves 8."""
        text = book(EACH_8.replace("term:", "per: unique_user, term:"))
        one = (
            Company()
            .hold("jira", 2, site="one", last=200)
            .hold("jira", 1, site="two")
            .hold("jira", 1, "q", site="two")
        )
        found = one.assess(text)

        # p0 stays on site two, p1 has nothing else.
        assert money("8", "0") == saved(found)

    def test_an_app_follows_the_largest_host_of_its_site(self):
        """Jira 12, Service Management 5: 12 x 1.10 = 13.20; on a site without a host nothing."""
        company = (
            Company()
            .hold("jira", 12)
            .hold("desk", 5, "d")
            .hold("wiki", 30, "x")
            .hold("wiki", 3, "y", site="other")
        )

        assert Decimal("13.20") == cost(company.assess(book(APP)))

    def test_a_wasted_seat_repeats_in_its_apps(self):
        """Jira 12 -> 10 at 8 and an app at 1.10: 2 x 8 + 2 x 1.10 = 18.20."""
        found = (
            Company()
            .hold("jira", 10)
            .hold("jira", 2, "w", last=200)
            .hold("desk", 5, "d")
            .assess(book(EACH_8, APP))
        )

        assert money("18.20", "0") == saved(found)
        assert list(money("9.10", "9.10")) == list(found.waste["monthly"])

    def test_an_app_on_a_site_of_another_contract_is_billed_there_alone(self):
        """Acme 12 x 1.10 = 13.20 by the contract for every site; labs 5 x 2.00 = 10.00 by its own."""
        held = Company().hold("jira", 12).hold("jira", 5, site="labs")
        labs = monthly("Labs", "app", "bands: [{each: 2.00}]", "per: host, hosts: [jira], sites: [labs], ")
        found = held.assess(book(APP, labs))

        assert {c.contract.name: c.cost for c in found.charges if c.contract.product == "app"} == {
            "App": Decimal("13.20"),
            "Labs": Decimal("10.00"),
        }

    def test_a_smaller_host_brings_an_app_nothing(self):
        """Service Management 5 -> 3 beside Jira 12: the app stays at 12."""
        found = (
            Company().hold("jira", 12).hold("desk", 3, "d").hold("desk", 2, "w", last=200).assess(book(APP))
        )

        assert money("0", "0") == saved(found)

    def test_guard_counts_everybody_once_but_the_exempt(self):
        """4 in Jira, 2 of them in Confluence, 1 more there, 1 of all on Enterprise: (5 - 1) x 4 = 16."""
        guard = GUARD.replace("term:", "exempt: [big], term:")
        company = Company().hold("jira", 4).hold("wiki", 2).hold("wiki", 1, "x").hold("jira", 1, site="big")

        assert Decimal(16) == cost(company.assess(book(guard)))

    def test_guard_saves_only_with_a_persons_last_seat(self):
        """Idle in Jira, at work in Confluence: nothing; idle in both: 4."""
        company = Company().hold("jira", 2, last=200).hold("wiki", 1).hold("jira", 1, "x")

        assert money("4", "0") == saved(company.assess(book(GUARD)))

    def test_servers_are_not_guards(self):
        """Guard counts accounts of the cloud."""
        company = Company().on_servers("old").hold("jira", 3, target="old")

        assert Decimal(0) == cost(company.assess(book(GUARD)))


class TestWholeContracts:
    """What a contract states of itself counts once, however many sites hold its seats."""

    @pytest.mark.parametrize(
        ("stated", "expected"),
        [
            ("bought: 150, ", "1200"),
            ("billed: 150, ", "1200"),
            ("minimum: 150, ", "1200"),
            ("credit: 50, ", "750"),
            ("bought: 150, credit: 50, sites: [acme, labs], ", "1150"),
        ],
    )
    def test_what_is_stated_of_a_contract_counts_once(self, stated, expected):
        """60 seats on acme and 40 on labs at 8: the larger of 100 and 150 seats, less one credit."""
        company = Company().hold("jira", 60).hold("jira", 40, site="labs")
        found = company.assess(book(monthly("Jira", "jira", more=stated)))

        assert Decimal(expected) == cost(found)
        assert [(charge.site, charge.held) for charge in found.charges] == [("all sites", 100)]
        assert sum(found.billed["cost"]) == Decimal(expected)

    def test_a_site_of_another_contract_is_in_no_pool(self):
        """60 x 8 less 50, and 40 x 8 for labs by itself."""
        labs = monthly("Labs", "jira", more="sites: [labs], ")
        company = Company().hold("jira", 60).hold("jira", 40, site="labs")
        found = company.assess(book(monthly("Jira", "jira", more="credit: 50, "), labs))

        assert [("acme", Decimal(430)), ("labs", Decimal(320))] == [
            (one.site, one.cost) for one in found.charges
        ]

    def test_freeing_seats_of_a_pool_saves_what_its_one_bill_falls_by(self):
        """15 + 11 seats are of the tier of 50; with the idle one gone 25 cost 2,050: 1,850 less."""
        company = Company().hold("jira", 15).hold("jira", 10, site="labs")
        company.hold("jira", 1, "idle", site="labs", last=200)
        found = company.assess(book(annual("credit: 100, ")))

        assert saved(found) == money("0", "1850")
        assert [(step.saving, len(step.seats)) for step in found.steps] == [(Decimal(1850), 1)]
        assert found.waste["saves_from"].iloc[0].date() == date(2026, 12, 15)

    def test_what_targets_tell_of_each_site_was_bought_together(self):
        """30 and 20 told, 50 together: 3,900 less 100 a year."""
        company = Company().hold("jira", 5).hold("jira", 2, site="labs")
        company.tell("jira", 30).tell("jira", 20, site="labs")
        found = company.assess(book(annual("credit: 100, ")))

        assert [charge.paid for charge in found.charges] == [50]

    def test_an_app_has_its_minimum_once(self):
        """30 on acme and 20 on labs are 50; with one of each gone 48 are left, and 49 are paid for."""
        company = Company().hold("jira", 29).hold("desk", 10).hold("desk", 19, "q", site="labs")
        company.hold("jira", 1, "idle", last=200).hold("desk", 1, "idle", site="labs", last=200)
        app = monthly("App", "app", "bands: [{each: 1}]", "per: host, hosts: [jira, desk], minimum: 49, ")
        found = company.assess(book(app))

        assert [(one.site, one.held, one.paid) for one in found.charges] == [("all sites", 50, 50)]
        assert saved(found) == money("1", "0")


class TestCurrencies:
    def test_a_contract_in_another_currency_is_converted_by_the_books_rate(self):
        """10 x 8 EUR at 1.10 are 88.00 USD, shared by ten people at 8.80."""
        text = book(
            EACH_8.replace("term:", "currency: EUR, term:"),
            head="exchange: {day: 2026-11-01, rates: {EUR: 1.10}}",
        )
        found = Company().hold("jira", 9).hold("jira", 1, "w", last=200).assess(text)

        assert {Decimal("8.80")} == set(found.billed["cost"])
        assert money("8.80", "0") == saved(found)

    def test_two_currencies_add_up_in_the_books(self):
        """10 x 8 EUR at 1.10 and 10 x 5 USD: 88 + 50 = 138 a month."""
        text = book(
            EACH_8.replace("term:", "currency: EUR, term:"),
            WIKI,
            head="exchange: {day: 2026-11-01, rates: {EUR: 1.10}}",
        )
        found = Company().hold("jira", 10).hold("wiki", 10).assess(text)

        assert Decimal(138) == sum(found.billed["cost"])


class TestShares:
    def test_the_cents_left_over_go_to_the_first(self):
        """3,900 / 12 = 325.00 among 27: 12 cents a seat more than 12.03 for one of 27 is 1 cent for 19."""
        found = Company().hold("jira", 27).assess(book(annual()))

        assert Decimal(325) == sum(found.billed["cost"])
        assert [Decimal("12.04")] * 19 + [Decimal("12.03")] * 8 == sorted(found.billed["cost"], reverse=True)

    @pytest.mark.parametrize(("seats", "expected"), [(10, "73.33"), (3, "22.00"), (1, "7.33")])
    def test_a_bill_is_rounded_once(self, seats, expected):
        """10 x 7.333 = 73.33; 3 x 7.333 = 21.999."""
        text = book(EACH_8.replace("each: 8", "each: 7.333"))

        assert Decimal(expected) == cost(Company().hold("jira", seats).assess(text))


class TestRealised:
    def test_a_run_that_freed_two_and_added_one_is_told_in_seats_and_money(self):
        """W2. 12 before, 11 after: 1 x 8 less from the next cycle; two seats gone, one new."""
        read = price_book.load(book(EACH_8), origin="prices.yaml")
        before = Company().hold("jira", 10).hold("jira", 2, "l", state="departed").assess(read)
        after = Company().hold("jira", 10).hold("jira", 1, "n").assess(read)
        change = compare(before, after, read)

        assert (change.before, change.after, len(change.freed), len(change.added)) == (12, 11, 2, 1)
        assert Decimal(8) == change.monthly
        assert change.renewals == {}

    def test_a_run_that_adds_seats_costs_and_says_when(self):
        """Yearly 25 -> 26: 3,900 - 2,050 = 1,850 more at the renewal of 15 December."""
        read = price_book.load(book(annual()), origin="prices.yaml")
        change = compare(
            Company().hold("jira", 25).assess(read), Company().hold("jira", 26).assess(read), read
        )

        assert (Decimal(0), {date(2026, 12, 15): Decimal(-1850)}) == (change.monthly, change.renewals)
