/** How large a release may be, and the parts in which it is sent: the same for pages, commands and servers. */

export const MAX_RELEASE_BYTES: number = 256 * 1024 * 1024;
/** What takes a second on a slow link. */
export const MAX_PART_BYTES: number = 1024 * 1024;
