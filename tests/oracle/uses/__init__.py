# SPDX-License-Identifier: MIT
"""uses: libraries that services are made of, a file each, imported and put to use."""
