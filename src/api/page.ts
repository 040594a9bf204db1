/** Pages of lists that are small enough to be in memory: in order, after the id that the cursor names. Pure. */
export function pageOfItems<T extends { readonly id: string }>(
  items: readonly T[],
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): { items: T[]; next?: string } {
  const after = cursor === undefined ? -1 : items.findIndex(({ id }) => id === cursor);
  const page = items.slice(after + 1, after + 1 + limit);
  const last = page.at(-1);
  return after + 1 + limit < items.length && last !== undefined ? { items: page, next: last.id } : { items: page };
}
