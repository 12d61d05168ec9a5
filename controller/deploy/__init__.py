"""Deployment: the recipe that both drivers read, the records that both write, and the web3 driver.

`recipe`, `records` and `source` need nothing but the standard library and eth_utils, because the Brownie driver
(scripts/deploy.py) imports them in an environment without this package's other dependencies.
"""
