"""How rules of each kind judge, and what their alerts tell and prove."""
