/** Shapes that several resources share. */
import { z } from 'zod';
import { isServerAddress, WEB_ADDRESS_WORDS } from '../../core/web-address.ts';

/** ISO 8601 UTC with milliseconds. */
export const isoTime = z.iso.datetime({ precision: 3 }).meta({ example: '2026-11-21T10:02:11.000Z' });
/** What callers may send: any precision, any zone. */
export const isoTimeInput = z.iso.datetime({ offset: true });

/** Where another server is dialled. */
export const serverAddress = z.string().max(253).refine(isServerAddress, WEB_ADDRESS_WORDS);

/** RFC 9457, media type `application/problem+json`. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  /** Stable, for machines. */
  code: z.string(),
  /** For a person: what was expected, what came, what to do. */
  detail: z.string(),
  /** Where in the request body, when it is about the body. */
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.infer<typeof problem>;

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  /** From `next` of the page before. */
  cursor: z.string().max(256).optional(),
});
export function pageOf<T extends z.ZodType>(
  item: T,
): z.ZodObject<{ items: z.ZodArray<T>; next: z.ZodOptional<z.ZodString> }> {
  return z.object({ items: z.array(item), next: z.string().optional() });
}

export const rangeQuery = z.object({ start: isoTimeInput, end: isoTimeInput });
export const streamQuery = z.object({ stream: z.enum(['main', 'sub']).default('main') });
/** `audio`: with its sound, where browsers play it (AAC, Opus); the first message tells what the camera sends, and whether it comes. */
export const liveQuery = streamQuery.extend({ audio: z.enum(['true', 'false']).default('false') });
