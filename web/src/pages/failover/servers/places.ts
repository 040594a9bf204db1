/** Where the web interface of another box is. */
export function urlOf(host: string | undefined, httpPort: number | undefined): string | undefined {
  if (host === undefined) return undefined;
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const text = `https://${name}:${httpPort ?? 51_443}`;
  return URL.canParse(text) ? text : undefined;
}
