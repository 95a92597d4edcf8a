"""What the agent acts with: Tool, Toolbox, and the web behind them."""
