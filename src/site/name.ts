/** What a server or a camera may be called (product A6). Imports nothing: pages in the browser go by it too. */

const FORBIDDEN_IN_NAMES = /[`~!@#$%^&*()_=+[{\]}\\|;:'"<>/?]/;

/** What is wrong with a server's or camera's name, in words for a person, or `undefined`. */
export function nameProblemOf(name: string): string | undefined {
  // Half a character, such as JSON can carry: no file, header or page could hold it.
  if (!name.isWellFormed()) return 'A name has whole characters only; this one ends or begins in the middle of one.';
  const length = Array.from(name).length;
  if (length < 1 || length > 32) return `A name has 1 to 32 characters; this one has ${length}.`;
  const forbidden = FORBIDDEN_IN_NAMES.exec(name)?.[0];
  if (forbidden !== undefined) return `A name must not contain ${forbidden}`;
  if (/\p{Cc}/u.test(name)) return 'A name must not contain control characters.';
  if (name.startsWith('-') || name.startsWith(' ')) return 'A name must not begin with "-" or a space.';
  if (name.endsWith(' ')) return 'A name must not end with a space.';
  return undefined;
}
