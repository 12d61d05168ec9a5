// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ledger} from "../../../contracts/Ledger.sol";
import {TestFeed} from "../../../contracts/dev/TestFeed.sol";
import {TestToken} from "../../../contracts/dev/TestToken.sol";
import {Pairing} from "../../../contracts/interfaces/IMandateChecker.sol";
import {IPriceOracle} from "../../../contracts/interfaces/IPriceOracle.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {IVaultFactory} from "../../../contracts/interfaces/IVaultFactory.sol";
import {IVaultLens} from "../../../contracts/interfaces/IVaultLens.sol";
import {
    Asset,
    Destination,
    Feed,
    Fees,
    Knot,
    Limits,
    Mandate,
    Period,
    Plan,
    Roles,
    Scope,
    Trade,
    Trigger,
    TriggerKind,
    Twap
} from "../../../contracts/types/Types.sol";
import {UniswapV3Venue} from "../../../contracts/venues/UniswapV3Venue.sol";
import {UniswapV3Fixture} from "./UniswapV3Fixture.sol";

/// @notice A living market and a seeded 60/30/10 vault on it.
/// @dev Tokens: 0 equity (18 decimals, $500), 1 bond (8, $100), 2 gold (6, $2,000), 3 dollar (6, $1). Each but the dollar
///      has one pool, against the dollar, with $50m on each side. The vault holds 0 to 2, so its trades take two pools;
///      `fourAssetMandate` also holds the dollar, so its trades with the dollar take one.
///      Mandates and plans are built with calls to the tokens and the vault: build them before `vm.prank` and
///      `vm.expectRevert`, which apply to the next call.
abstract contract VaultFixture is UniswapV3Fixture {
    uint256 internal constant EQUITY = 0;
    uint256 internal constant BOND = 1;
    uint256 internal constant GOLD = 2;
    uint256 internal constant DOLLAR = 3;

    uint8 internal constant FEED_DECIMALS = 8;
    uint32 internal constant HEARTBEAT = 1 days; // {s}
    uint32 internal constant TIMELOCK = 2 days; // {s}
    uint256 internal constant POOL_DOLLARS = 50_000_000e6; // {qTok of dollar} on each side
    /// @dev Shares and value of the seeded vault: $1,000,000 at $1 a share.
    uint256 internal constant SEED_SHARES = 1_000_000e18;

    address internal owner = makeAddr("owner");
    address internal strategist = makeAddr("strategist");
    address internal guardian = makeAddr("guardian");
    address internal keeper = makeAddr("keeper");
    address internal stranger = makeAddr("stranger");

    TestToken[4] internal tokens;
    TestFeed[4] internal feeds;
    address[4] internal pools; // the dollar has none
    int256[4] internal answers; // {quote/tok in feed decimals} last pushed

    Ledger internal ledger;
    IPriceOracle internal oracle;
    UniswapV3Venue internal venue;
    IVaultFactory internal factory;
    IVaultLens internal lens;
    IVault internal vault;

    function setUp() public virtual {
        setUpMarket();
        setUpVaults();
        vault = createVault(mandate6030(), "60/30/10");
        seed(vault, SEED_SHARES);
    }

    // ---- mandates

    /// @notice 60% equity, 30% bond, 10% gold; fires at 5%, trades back to 1% of the target, at once. No fees; single assets
    ///         come and go at a spread of 1%.
    function mandate6030() internal view returns (Mandate memory) {
        return _mandate(weights(6_000, 3_000, 1_000));
    }

    /// @notice 50% equity, 30% bond, 10% gold, 10% dollar; trades with the dollar take one pool.
    function fourAssetMandate() internal view returns (Mandate memory) {
        return _mandate(weights(5_000, 3_000, 1_000, 1_000));
    }

    /// @notice Puts constant targets into a mandate.
    function setWeights(Mandate memory mandate, uint16[] memory to) internal pure {
        mandate.path = pathOf(to);
    }

    /// @notice An absolute band and its destination; no relative ones.
    function setBand(Mandate memory mandate, uint16 band, uint16 drift) internal pure {
        (mandate.trigger.band, mandate.destination.drift) = (band, drift);
        (mandate.trigger.relativeBand, mandate.destination.relativeDrift) = (0, 0);
    }

    /// @notice A relative band and its destination; no absolute ones.
    function setRelativeBand(Mandate memory mandate, uint16 relativeBand, uint16 relativeDrift) internal pure {
        (mandate.trigger.band, mandate.destination.drift) = (0, 0);
        (mandate.trigger.relativeBand, mandate.destination.relativeDrift) = (relativeBand, relativeDrift);
    }

    /// @notice A mere calendar: no bands, absolute destination.
    function setCalendar(Mandate memory mandate, Period period, uint16 every, uint40 anchor, uint16 drift)
        internal
        pure
    {
        setBand(mandate, 0, drift);
        mandate.trigger.kind = TriggerKind.CALENDAR;
        (mandate.trigger.period, mandate.trigger.every, mandate.trigger.anchor) = (period, every, anchor);
    }

    /// @notice Fees to `recipient`; zero rates take it away.
    function setFees(Mandate memory mandate, address recipient, uint16 management, uint16 performance) internal pure {
        if (management == 0 && performance == 0) recipient = address(0);
        mandate.fees = Fees({recipient: recipient, management: management, performance: performance});
    }

    /// @return {bps} the targets of a mandate's first knot
    function weightsOf(Mandate memory mandate) internal pure returns (uint16[] memory) {
        return mandate.path[0].weights;
    }

    /// @notice A path that stays where it is.
    function pathOf(uint16[] memory to) internal pure returns (Knot[] memory path) {
        path = new Knot[](1);
        path[0] = Knot({time: 0, weights: to});
    }

    /// @notice A path from one knot to another.
    function pathOf(uint16[] memory from, uint256 start, uint16[] memory to, uint256 end)
        internal
        pure
        returns (Knot[] memory path)
    {
        path = new Knot[](2);
        path[0] = Knot({time: uint40(start), weights: from});
        path[1] = Knot({time: uint40(end), weights: to});
    }

    function weights(uint16 a, uint16 b, uint16 c) internal pure returns (uint16[] memory list) {
        list = new uint16[](3);
        (list[0], list[1], list[2]) = (a, b, c);
    }

    function weights(uint16 a, uint16 b, uint16 c, uint16 d) internal pure returns (uint16[] memory list) {
        list = new uint16[](4);
        (list[0], list[1], list[2], list[3]) = (a, b, c, d);
    }

    function roles() internal view returns (Roles memory) {
        address[] memory keepers = new address[](1);
        keepers[0] = keeper;
        return Roles({owner: owner, strategist: strategist, guardian: guardian, keepers: keepers});
    }

    /// @notice For each asset after the first, its route from the first.
    function pairings(Mandate memory mandate) internal view returns (Pairing[] memory list) {
        list = new Pairing[](mandate.assets.length - 1);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = Pairing({venue: 0, route: route(EQUITY, i + 1)});
        }
    }

    // ---- vaults

    function createVault(Mandate memory mandate, bytes32 salt) internal returns (IVault) {
        return IVault(factory.create(mandate, roles(), pairings(mandate), salt));
    }

    /// @notice The first mint: `shares` at $1 each, split by the targets.
    function seed(IVault to, uint256 shares) internal {
        uint16[] memory targets = to.targets();
        uint256[] memory amounts = new uint256[](targets.length);
        for (uint256 i = 0; i < amounts.length; ++i) {
            // {qTok} = D18{quote} * {bps} / BPS * 10^(decimals + feed decimals - 18) / {quote/tok in feed decimals}
            uint256 value = shares * targets[i] / 10_000;
            amounts[i] = value * 10 ** (tokens[i].decimals() + FEED_DECIMALS) / uint256(answers[i]) / 1e18;
            fund(owner, address(to), i, amounts[i]);
        }
        vm.prank(owner);
        to.mint(shares, amounts, owner);
    }

    /// @notice Does what loosens: the owner submits the call, waits for the timelock and makes it. Feeds are fresh afterwards.
    function loosen(IVault of_, bytes memory call) internal {
        vm.prank(owner);
        vm.warp(of_.submit(call));
        refreshFeeds();
        vm.prank(owner);
        (bool ok, bytes memory answer) = address(of_).call(call);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
    }

    /// @notice Puts another mandate in force, after its timelock.
    function loosenMandate(IVault of_, Mandate memory mandate) internal {
        loosen(of_, abi.encodeCall(of_.setMandate, (mandate, pairings(mandate))));
    }

    /// @notice Gives `account` tokens and lets `spender` take them.
    function fund(address account, address spender, uint256 i, uint256 amount) internal {
        tokens[i].mint(account, amount);
        vm.prank(account);
        tokens[i].approve(spender, amount);
    }

    // ---- the market

    /// @notice Moves the feed and the pool of token `i` to `answer`.
    function setPrice(uint256 i, int256 answer) internal {
        TestFeed[] memory feedList = new TestFeed[](1);
        int256[] memory answerList = new int256[](1);
        (feedList[0], answerList[0]) = (feeds[i], answer);
        address[] memory poolList = new address[](i == DOLLAR ? 0 : 1);
        uint160[] memory priceList = new uint160[](poolList.length);
        if (i != DOLLAR) (poolList[0], priceList[0]) = (pools[i], poolPrice(i, answer));
        answers[i] = answer;
        market.step(feedList, answerList, poolList, priceList);
    }

    /// @notice Pushes every feed's last answer again, dated now.
    function refreshFeeds() internal {
        for (uint256 i = 0; i < 4; ++i) {
            setPrice(i, answers[i]);
        }
    }

    /// @notice Moves the pool of token `i` alone, as somebody who trades against the oracle would.
    function skewPool(uint256 i, int256 answer) internal {
        address[] memory poolList = new address[](1);
        uint160[] memory priceList = new uint160[](1);
        (poolList[0], priceList[0]) = (pools[i], poolPrice(i, answer));
        market.arbitrage(poolList, priceList);
    }

    /// @notice Where the pool of token `i` stands when the token costs `answer` dollars.
    function poolPrice(uint256 i, int256 answer) internal view returns (uint160) {
        // 10^decimals {qTok} are worth answer / 10^8 * 10^6 {qTok of dollar}; both times 100, for a whole number
        return sqrtPrice(address(tokens[i]), address(tokens[DOLLAR]), 10 ** tokens[i].decimals() * 100, uint256(answer));
    }

    // ---- plans

    function plan(Trade[] memory trades) internal view returns (Plan memory) {
        return planFor(vault, trades);
    }

    function plan(Trade memory single) internal view returns (Plan memory) {
        return planFor(vault, _list(single));
    }

    function plan(Trade memory first, Trade memory second) internal view returns (Plan memory) {
        Trade[] memory trades = new Trade[](2);
        (trades[0], trades[1]) = (first, second);
        return planFor(vault, trades);
    }

    /// @notice A plan that is in time and on this branch.
    function planFor(IVault to, Trade[] memory trades) internal view returns (Plan memory) {
        return Plan({
            nonce: to.status().nonce,
            deadline: uint40(block.timestamp + 10 minutes),
            referenceBlock: uint64(block.number - 1),
            referenceHash: blockhash(block.number - 1),
            journalHead: keccak256("journal"),
            part: false,
            trades: trades
        });
    }

    /// @notice One trade over the fixture's pools, without a floor of its own.
    /// @param amountIn {qTok of sell}
    function trade(uint256 sell, uint256 buy, uint256 amountIn) internal view returns (Trade memory) {
        return trade(sell, buy, amountIn, 0);
    }

    function trade(uint256 sell, uint256 buy, uint256 amountIn, uint256 minOut) internal view returns (Trade memory) {
        return Trade({
            sell: uint8(sell),
            buy: uint8(buy),
            venue: 0,
            amountIn: uint128(amountIn),
            minOut: uint128(minOut),
            route: route(sell, buy)
        });
    }

    /// @notice One pool where the dollar is traded, else two with the dollar in the middle.
    function route(uint256 sell, uint256 buy) internal view returns (bytes memory) {
        if (sell == DOLLAR || buy == DOLLAR) return abi.encodePacked(FEE);
        return abi.encodePacked(FEE, address(tokens[DOLLAR]), FEE);
    }

    // ---- arithmetic

    /// @return D36{quote/qTok} what the oracle says of token `i`
    function priceOf(uint256 i) internal view returns (uint256) {
        return uint256(answers[i]) * 10 ** (36 - tokens[i].decimals() - FEED_DECIMALS);
    }

    /// @return total D36{quote} of all that `holder` holds
    function valueOf(IVault holder) internal view returns (uint256 total) {
        uint256[] memory held = holder.balances();
        for (uint256 i = 0; i < held.length; ++i) {
            total += held[i] * priceOf(i);
        }
    }

    // ---- set-up

    /// @notice Tokens, feeds, pools and the adapters; all that a test without a vault needs.
    function setUpMarket() internal {
        vm.warp(1_750_000_000);
        vm.roll(20_000_000);
        setUpUniswap();
        tokens[EQUITY] = new TestToken("S&P 500 with dividends", "EQUITY", 18, address(this));
        tokens[BOND] = new TestToken("US 10-year bonds", "BOND", 8, address(this));
        tokens[GOLD] = new TestToken("Gold", "GOLD", 6, address(this));
        tokens[DOLLAR] = new TestToken("Dollar", "DOLLAR", 6, address(this));
        answers = [int256(500e8), 100e8, 2_000e8, 1e8];
        for (uint256 i = 0; i < 4; ++i) {
            feeds[i] = new TestFeed(string.concat(tokens[i].symbol(), " / USD"), FEED_DECIMALS, address(market));
        }
        for (uint256 i = 0; i < DOLLAR; ++i) {
            // {qTok} = {qTok of dollar} * 10^(decimals + 8 - 6) / {quote/tok in feed decimals}
            uint256 amount = POOL_DOLLARS * 10 ** (tokens[i].decimals() + 2) / uint256(answers[i]);
            pools[i] = createPool(tokens[i], tokens[DOLLAR], amount, POOL_DOLLARS);
        }
        refreshFeeds();
        oracle = IPriceOracle(deployCode("ChainlinkOracle.sol:ChainlinkOracle", abi.encode(uniswap, poolInitCodeHash)));
        venue = new UniswapV3Venue(address(uniswap), poolInitCodeHash);
    }

    function setUpVaults() internal {
        ledger = new Ledger();
        address checker = deployCode("MandateChecker.sol:MandateChecker");
        address implementation = deployVault(checker);
        factory =
            IVaultFactory(deployCode("VaultFactory.sol:VaultFactory", abi.encode(implementation, ledger, checker)));
        lens = IVaultLens(deployCode("VaultLens.sol:VaultLens", abi.encode(factory)));
    }

    /// @notice The three contracts behind every clone, last first.
    function deployVault(address checker) internal returns (address) {
        address admin = deployCode("VaultAdmin.sol:VaultAdmin", abi.encode(ledger, checker));
        address flows = deployCode("VaultFlows.sol:VaultFlows", abi.encode(ledger, admin));
        return deployCode("Vault.sol:Vault", abi.encode(ledger, flows));
    }

    function _mandate(uint16[] memory targets) private view returns (Mandate memory mandate) {
        mandate.name = "Even Keel 60/30/10";
        mandate.symbol = "EK631";
        mandate.fileHash = keccak256("mandate.toml");
        mandate.oracle = address(oracle);
        mandate.trigger = Trigger({
            kind: TriggerKind.THRESHOLD,
            band: 500,
            relativeBand: 0,
            period: Period.DAY,
            every: 0,
            anchor: 0,
            cooldown: 1 days
        });
        mandate.destination = Destination({drift: 100, relativeDrift: 0, scope: Scope.BOOK, window: 0});
        mandate.limits = Limits({
            maxSlippage: 100,
            maxLoss: 50,
            lossBudget: 200,
            turnoverBudget: 20_000,
            budgetWindow: 30 days,
            minTrade: 100e18,
            maxTrades: 8,
            maxStep: 500,
            stepDelay: 1 days
        });
        mandate.spread = 100;
        mandate.timelock = TIMELOCK;
        mandate.venues = new address[](1);
        mandate.venues[0] = address(venue);
        mandate.assets = new Asset[](targets.length);
        for (uint256 i; i < targets.length; ++i) {
            mandate.assets[i] = Asset({
                token: address(tokens[i]),
                decimals: tokens[i].decimals(),
                minWeight: 0,
                maxWeight: 10_000,
                feed: feedOf(i)
            });
        }
        mandate.path = pathOf(targets);
    }

    /// @notice Bounds of a tenth and ten times the first price.
    function feedOf(uint256 i) internal view returns (Feed memory) {
        return Feed({
            source: address(feeds[i]),
            heartbeat: HEARTBEAT,
            decimals: FEED_DECIMALS,
            deviation: 50,
            minAnswer: uint128(uint256(answers[i]) / 10),
            maxAnswer: uint128(uint256(answers[i]) * 10),
            twap: Twap({window: 0, fee: 0, maxDeviation: 0, base: 0})
        });
    }

    function _list(Trade memory single) private pure returns (Trade[] memory trades) {
        trades = new Trade[](1);
        trades[0] = single;
    }
}
