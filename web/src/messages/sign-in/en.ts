/** English. */
export const en = {
  moved: '{host} is the host of the site now. Sign in there for the whole site; here it is about {own} alone.',
  open: 'Open {host}',
} as const;
