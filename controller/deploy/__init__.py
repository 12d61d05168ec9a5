"""Deployment: the recipe that both drivers read, the records that both write, the web3 driver, the drift check.

The Brownie driver (scripts/deploy.py) imports recipe, records and checks from here, in Brownie's own environment: keep
them to packages that are pinned there as well (requirements/brownie.txt).
"""
