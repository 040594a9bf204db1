/**
 * Structured logs: a constant message and fields, one JSON line each. Every change of state is one `info` line; nothing
 * is logged per packet. Credentials never get here: addresses are kept apart from them (site/camera-credentials.ts).
 */
/** `message` is the constant one: a field of that name would hide it. */
export type LogFields = Readonly<Record<string, unknown>> & { readonly message?: never };
type Write = (message: string, fields?: LogFields) => void;
export type Log = {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  /** A log whose lines carry `fields` too. */
  readonly with: (fields: LogFields) => Log;
};

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LEVELS)[number];
export const isLogLevel = (text: string): text is LogLevel => (LEVELS as readonly string[]).includes(text);

/** `sink` gets one line without its newline. `now` is wall time in milliseconds. */
export function createLog(level: LogLevel, sink: (line: string) => void, now: () => number, base: LogFields = {}): Log {
  const write =
    (lineLevel: LogLevel): Write =>
    (message, fields) => {
      if (LEVELS.indexOf(lineLevel) < LEVELS.indexOf(level)) return;
      sink(JSON.stringify({ time: now(), level: lineLevel, message, ...base, ...fields }, plainError));
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    with: (fields) => createLog(level, sink, now, { ...base, ...fields }),
  };
}

export const silentLog: Log = createLog(
  'error',
  () => undefined,
  () => 0,
);

function plainError(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (!(value instanceof Error)) return value;
  const { name, message, stack, cause } = value;
  const code = 'code' in value ? value.code : undefined;
  return { name, code, message, stack, cause };
}
