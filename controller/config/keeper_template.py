"""The starter file for a keeper: complete, commented, and readable by `keeper_file.parse` as it stands."""

from __future__ import annotations

import json

_TEXT = """\
# A keeper: which vaults it keeps, when it looks at them, what it may spend, and whom it tells.
# Keys behind a "#" stand at what holds without them; where a whole section stands behind it, its values are examples.
# No secret belongs into this file: keys, passphrases and addresses with keys in them come from elsewhere.

[keeper]
network = {network}
# vaults = "all"                # of the deployment, or a list: ["0x...", "0x..."]
# schedule = "interval"         # a tick so often; "block": on every block; "calendar": when a vault's own calendar says
                                # so, and every interval_seconds besides, for what drifts
# interval_seconds = 60
# silence_seconds = 300         # without a new block, after which somebody is told
# skew_seconds = 120            # that a block may be ahead of this machine's clock
# requests_per_tick = 1000      # to the nodes, and as many again for what is on its way; then it waits for a block
# kill_file: none               # while this file exists no plan is signed: "/run/evenkeel/stop"

[guards]
# gas_ceiling_gwei: none        # base fee and tip together above which nothing is signed
# max_gas_cost_bps: none        # of the value that a plan sells; needs the price of the chain's coin:
# wrapped_coin: none            # by the mandate's own asset, "WETH", and where that has no price by a feed:
# coin_feed = {{address = "0x...", decimals = 8, heartbeat_seconds = 3600}}
# daily_spend_eth: none         # on gas in any 24 hours, at most half of it at once
# low_balance_rebalances = 10   # at worst-case cost, that an account should be good for
# vault_failures = 3            # of one vault in a row, after which it waits for a person
# fleet_failures = 5            # different vaults that fail with no success in between, after which all wait

# Without an account the keeper decides and records, and sends nothing. Each account has one plan under way at a time.
# [accounts.main]
# keystore = "keeper.json"
# passphrase_file = "pass.txt"  # or passphrase_credential = "passphrase", of LoadCredential in the systemd unit
# address: none                 # that the key must have: "0x..."
# key_variable: none            # in the place of a keystore, a variable with the key itself: "EVENKEEL_KEY"
# signer_url_variable: none     # or one with the address of an external signer; needs address
# dev_account: none             # or a development account, 0 to 9, on local chains
# vaults = "all"                # that it sends for

# Without this section what is due is traded, whatever it brings. With it the strategy file's [rule] holds the cost of a
# plan against what it is worth, and its [slices] cut large orders; gas counts where [guards] name the coin's price.
# [strategy]
# file = "strategy.toml"
# gas_of_plan = 350000          # with one trade
# gas_of_trade = 75000          # of each further one

[alerts]                        # by apprise, https://github.com/caronc/apprise/wiki
# urls_file: none               # one address in each line; or urls_credential, of LoadCredential; or the variable
                                # EVENKEEL_ALERT_URLS
# least = "warning"             # what somebody is told of: "info", "warning" or "critical"
# repeat_hours = 6              # after which a condition that lasts is told of again

[metrics]
# port: none                    # of /metrics and /healthz on 127.0.0.1; 0 takes a free one
# heartbeat_file: none          # touched with every pass, for whoever watches from outside
# patience_intervals = 5        # without a pass of the loop, after which the keeper counts as dead

[journal]
# path: none                    # of an SQLite file; without it .evenkeel/CHAIN.db
# url_variable: none            # a variable with the address of a PostgreSQL database, for several keepers
# lease_seconds = 30            # without a word of the leader, after which another keeper takes over
"""


def render(network: str) -> str:
    """A starter file for a keeper of `network`."""
    return _TEXT.format(network=json.dumps(network))
