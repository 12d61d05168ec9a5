// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "solady/tokens/ERC20.sol";
import {LibClone} from "solady/utils/LibClone.sol";

import {Ledger} from "../../../contracts/Ledger.sol";
import {MandateChecker} from "../../../contracts/MandateChecker.sol";
import {Vault} from "../../../contracts/Vault.sol";
import {VaultAdmin} from "../../../contracts/VaultAdmin.sol";
import {VaultFlows} from "../../../contracts/VaultFlows.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {IPayer} from "../../../contracts/interfaces/IVenue.sol";
import {MandateCodec} from "../../../contracts/libraries/MandateCodec.sol";
import {Due, Mandate, Plan, Roles, Status} from "../../../contracts/types/Types.sol";

/// @notice A token of which anybody has as much as he says.
contract BookToken is ERC20 {
    function name() public pure override returns (string memory) {
        return "Book";
    }

    function symbol() public pure override returns (string memory) {
        return "B";
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @notice A vault whose history is made up.
contract BookVault is Vault {
    constructor(address ledger_, address next_) Vault(ledger_, next_) {}

    function put(State memory s) external {
        s.flags |= LIVE;
        _save(s);
    }
}

/// @notice Any book in one call: the real vault under any mandate, with any holdings, prices and history. It is the mandate's
///         oracle, its only venue, and the keeper. Nothing stays: it is called, not sent to.
contract Books {
    address private immutable _implementation;
    BookToken[16] public tokens;
    uint256[] private _prices; // D36{quote/qTok}

    constructor(address implementation) {
        _implementation = implementation;
        for (uint256 i; i < tokens.length; ++i) {
            tokens[i] = new BookToken();
        }
    }

    /// @param held {qTok} of each asset
    /// @param priced D36{quote/qTok}
    /// @param state lastRebalance, lossLevel, turnoverLevel, openUntil, breaches, flags
    function look(Mandate memory mandate, uint256[] memory held, uint256[] memory priced, uint256[6] memory state)
        external
        returns (Due memory, Status memory, uint16[] memory, uint256)
    {
        IVault vault = _make(mandate, held, priced, state);
        return (vault.due(), vault.status(), vault.targets(), block.timestamp);
    }

    /// @notice As above, and what the vault then says to a plan; its reference block becomes the latest that is known.
    /// @return failure its revert data, empty when it accepts
    /// @return balances {qTok} afterwards
    function judge(
        Mandate memory mandate,
        uint256[] memory held,
        uint256[] memory priced,
        uint256[6] memory state,
        Plan memory plan
    ) external returns (bytes memory failure, uint256[] memory balances, Status memory status) {
        IVault vault = _make(mandate, held, priced, state);
        plan.referenceBlock = uint64(block.number - 1);
        plan.referenceHash = blockhash(block.number - 1);
        try vault.rebalance(plan) {}
        catch (bytes memory reason) {
            failure = reason;
        }
        return (failure, vault.balances(), vault.status());
    }

    // ---- oracle and venue

    function prices(uint256, uint256[] calldata) external view returns (uint256[] memory values, uint80[] memory rounds) {
        return (_prices, new uint80[](_prices.length));
    }

    /// @param route the amount that is returned, {qTok of buy}
    function swap(address, address buy, uint256 amountIn, bytes calldata route) external {
        IPayer(msg.sender).pay(address(this), amountIn);
        BookToken(buy).mint(msg.sender, abi.decode(route, (uint256)));
    }

    // ---- inside

    function _make(Mandate memory mandate, uint256[] memory held, uint256[] memory priced, uint256[6] memory state)
        private
        returns (IVault vault)
    {
        mandate.oracle = address(this);
        mandate.venues[0] = address(this);
        _prices = priced;
        address clone = LibClone.clone(_implementation, MandateCodec.pack(mandate));
        vault = IVault(clone);
        Roles memory roles;
        roles.owner = address(this);
        roles.keepers = new address[](1);
        roles.keepers[0] = address(this);
        vault.initialize(roles);
        BookVault.State memory s;
        (s.lastRebalance, s.lossLevel, s.turnoverLevel) = (state[0], state[1], state[2]);
        (s.openUntil, s.breaches, s.flags) = (state[3], state[4], state[5]);
        BookVault(clone).put(s);
        for (uint256 i; i < held.length; ++i) {
            BookToken(mandate.assets[i].token).mint(clone, held[i]);
        }
    }
}
