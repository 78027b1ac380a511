"""The key authorizer's memory, which its price depends on."""

AUTHORIZER_MIB = 256
