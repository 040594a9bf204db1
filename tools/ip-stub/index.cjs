/**
 * In place of the package `ip` (CVE-2024-29415, no fixed release): node-ssdp calls `address()` for a default LOCATION, which ours always
 * replaces. Put in by `overrides` in package.json.
 */
module.exports = { address: () => '127.0.0.1' };
