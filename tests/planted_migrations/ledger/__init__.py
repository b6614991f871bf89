"""The ledger's own migrations, and the planted one behind them."""

import ledger.migrations

__path__ = [*ledger.migrations.__path__, *__path__]
