/** The text/event-stream format (WHATWG HTML §9.2) as a pure parser. Does not connect (event-stream.ts). */

export type ServerSentEvent = { readonly id: string | undefined; readonly event: string; readonly data: string };
export type SseParser = { readonly push: (text: string) => readonly ServerSentEvent[] };

/** A line or an event larger than this is nothing our server sends; it is dropped. */
export const MAX_EVENT_CHARACTERS = 1_000_000;

export function createSseParser(): SseParser {
  let rest = '';
  let lines: string[] = [];
  let held = 0;

  const take = (line: string): ServerSentEvent | undefined => {
    if (line !== '') {
      held += line.length;
      if (held <= MAX_EVENT_CHARACTERS) lines.push(line);
      return undefined;
    }
    const event = held <= MAX_EVENT_CHARACTERS ? eventOf(lines) : undefined;
    lines = [];
    held = 0;
    return event;
  };

  return {
    push: (text) => {
      const parts = (rest + text).split(/\r\n|\n|\r(?!$)/);
      rest = parts.pop() ?? '';
      if (rest.length > MAX_EVENT_CHARACTERS) rest = '';
      return parts.map(take).filter((event) => event !== undefined);
    },
  };
}

function eventOf(lines: readonly string[]): ServerSentEvent | undefined {
  let id: string | undefined;
  let event = 'message';
  const data: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id') id = value;
    else if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
  }
  return data.length === 0 ? undefined : { id, event, data: data.join('\n') };
}
