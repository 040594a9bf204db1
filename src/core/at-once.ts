/** Many tasks, a few at a time. */

/** Results in the order of `items`; the first rejection is that of the whole, so `run` should not reject. */
export async function mapAtOnce<T, R>(
  items: readonly T[],
  atOnce: number,
  run: (item: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  const worker = async (): Promise<void> => {
    // One iterator for all workers: each takes the next that nobody has.
    for (const [index, item] of waiting) results[index] = await run(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
