"""The key of the sandbox's service account. It was made for this file and opens nothing anywhere."""

from __future__ import annotations

import orjson

SERVICE_ACCOUNT = "seatwise@sandbox.iam.gserviceaccount.test"
PEM = """\
-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCjIO8k1iUw/zBz
4c2ac1VCyXm3VFOB8k5rPRqlOc1jWhoIh9sks+/dOXdPRViPO1mfk/Z41F+ndMNp
iEbxrXrUttzAfUrF2S50dV5h+8xO25R7pkuLp8Gb8MGLdbPcv1biyplQZxzxdFjs
0gLiC1N0wdvx2gnqssCOM/+zemWY9ByHm8PE5W51gr0R8pwZBxY+wIR1NNflCPIr
fSQ5GFqptrfYY84ArCFujnEtgjb5OqKgvbWQwnaNyQgY25J1qAhvWtq6eozd+a81
fGZBCOHQa8bGTE78daTybut2CJYdE+Et7Sx2GsJDUpER6XzADFz0dwH0d47MHsx0
X81OF4I/AgMBAAECggEARcJ9wij5upxGoie7/wK3QVpbfLTJCVcPhfiZfnLbjFMp
suA2LNnuB5LdnL6xAn+E8iMaUc2wIjJipqyqeguP7YtNl9t8sGMR5KeUdx5w3oA0
XTReNhjFSOSKQBNTmWERzOaK7cFKtU7mAFBG/1eMlu+YGTL+7qkGg0llXeFHtUJw
cBWNcvgP3qaunbs+pVcxAKb0K2PiHB2+h29fENIX+feFVlPyAzEaA3idkwPEsROF
Yif6xO7pX58a4Ix84DPmuydUxTZ0x60sts4YQ3u4pD4PB65AivVQEmmKGOnVYgRj
IhvH3Ce37X0mI8+5tH8OcevtbOt5Qrc1vEdc+KE0cQKBgQDNeIv++5pf9NxSujif
5MQ8v475WTcV5pZ13KtjcwDPk4jGclkvobyAeCUpNXyP8GnZsRWmS2prHmhITePd
Y24L1QqkBqeqyeXyyc3Z5pdi6CuIPlqxXMcfThLHIs/S5wXLZy22/d6CYPHKPj/P
Q4qqA28qHVrndIBJjRKqVsCBSwKBgQDLPrmQDtQZ5U5LLCN3Km8clMTyScEEzYGt
5ZLww5jJlV8AO/Ty49S+kio1NdAgslRQ0nNYidrKk32qAFrNYW7GXxqPHkO6sJX9
F5oFzswSMLLLxOUZfjujg5IxyPbmp2V9kyq3CWvEDDQhmG/Og6SMEzCWoaGOpCSG
2q+TUa1eXQKBgQCmcN/2zRlgYZmX6gG0hDvyebn3gq18sC1xjC/Jf39IptpE5pwY
WYu5BZoUp58fekBEd45yBuVNoHQZHf9XdxPNweW8uSdY0fPTmGWH/aLkG+4nj1so
EV+7nCLZ7PksfrfS7OG7OirksmMq0QIfgzbwQZfrJZxdoaHJ8t0L3vpRwQKBgA2S
9d+6Lc5A81av7vpxehRFl1W7OUnx07xifcrYtWaZNEwWtQhX0QidSHZfTrQwVNNF
CvEZ2+P1r8nf1jCrVjOnfGWcltdsHchWgDHtGtIIMJjNYKOwO5lzGxt6GYtUGMIn
Rw4McgcY7Y5k2OrI/f9g9LjKuLiHG+1pw5oqNVL9AoGAbqsTgI0QWHVLJhrbmUTe
KjcjLqBIZwpVPTyGpr/jUqL7KDPehtXhkaeXZBmWhqtXqlpHtZj0GUtZu0r39Z43
U2RGkVL2+ySCO9ZLHrdmSmA8k/inGghv68wh3xwSoVo03bEAYPIzRClawWkLSGDm
o44jue2ccUkyumXlF+7uoas=
-----END PRIVATE KEY-----
"""
KEY = orjson.dumps(
    {
        "type": "service_account",
        "project_id": "sandbox",
        "private_key_id": "sandbox-google-key",
        "private_key": PEM,
        "client_email": SERVICE_ACCOUNT,
        "client_id": "100000000000000000001",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
).decode()
"""The JSON file that Google would hand out, on one line."""
