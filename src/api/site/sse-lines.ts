/** The data of server-sent events (WHATWG HTML §9.2) as a member of the site sends them: one line of data each. Pure. */

/** An event of ours is a tenth of it; of a longer one the rest is not read either. */
export const MAX_EVENT_CHARACTERS: number = 64 * 1024;

/** `push` answers the data of the events that are complete. @throws RangeError when one is too long */
export function createDataReader(): { readonly push: (text: string) => readonly string[] } {
  let rest = '';
  return {
    push: (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_EVENT_CHARACTERS) throw new RangeError('An event is longer than it may be.');
      return lines.flatMap((line) => (line.startsWith('data: ') ? [line.slice('data: '.length)] : []));
    },
  };
}
