/** Where the web interface of another server is. */
type Place = { readonly address?: string | undefined; readonly httpPort?: number | undefined };

/** With a slash at its end; `undefined`: not known, it dials in. */
export function serverUrl(place: Place | undefined): string | undefined {
  if (place?.address === undefined) return undefined;
  const name = place.address.includes(':') ? `[${place.address}]` : place.address;
  return `https://${name}${place.httpPort === undefined ? '' : `:${place.httpPort}`}/`;
}
