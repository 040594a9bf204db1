/**
 * Where a server looks for releases: the address of a release list (docs/design/updates.md). Pure.
 * Belongs here: which text is one, and what of it everybody may read. Does not: what stands in the list (updates/release-list.ts).
 */
import { z } from 'zod';

export const RELEASE_SOURCE_WORDS =
  'Expected the address of a release list, such as https://example.org/understudy/releases.json, without a user name';

export const releaseSourceSchema: z.ZodString = z.string().max(1024).refine(isReleaseSource, RELEASE_SOURCE_WORDS);

/** Without what stands behind `?`: it may be a key, and logs are read by every account. */
export function shownAddress(address: string): string {
  const url = URL.parse(address);
  return url === null ? 'the address' : `${url.origin}${url.pathname}`;
}

/** HTTP will do: what counts is who signed a release. A password would stand in settings that administrators read. */
function isReleaseSource(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || text.trim() !== text) return false;
  return ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === '';
}
