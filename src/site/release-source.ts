/**
 * Where a server looks for releases: the address of a release list (docs/design/updates.md). Pure.
 * Belongs here: which text is one. Does not: what stands in the list (updates/release-list.ts).
 */
import { z } from 'zod';

export const RELEASE_SOURCE_WORDS =
  'Expected the address of a release list, such as https://example.org/understudy/releases.json, without a user name';

export const releaseSourceSchema: z.ZodString = z.string().max(1024).refine(isReleaseSource, RELEASE_SOURCE_WORDS);

/** HTTP will do: what counts is who signed a release. A password would stand in settings that administrators read. */
function isReleaseSource(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || text.trim() !== text) return false;
  return ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === '';
}
