/**
 * Passwords as PHC strings of scrypt (RFC 7914). Work at once is bounded, so that a flood of sign-ins costs a bounded amount of
 * memory and leaves the thread pool to the disks.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { UnderstudyError } from '../core/errors.ts';

/** Each takes `128 * N * r` bytes: 32 MB. */
const MAX_RUNNING = 2;
export const MAX_WAITING = 64;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** `N = 2 ** ln`. The default is one of the equivalents OWASP names. */
export type ScryptCost = { readonly ln: number; readonly r: number; readonly p: number };
export const DEFAULT_COST: ScryptCost = { ln: 15, r: 8, p: 3 };

export type PasswordHasher = {
  readonly hash: (password: string) => Promise<string>;
  /** Takes as long for an unknown user (`undefined`) as for a known one. */
  readonly verify: (password: string, phc: string | undefined) => Promise<boolean>;
};

type Phc = ScryptCost & { readonly salt: Buffer; readonly hash: Buffer };

export function createPasswordHasher(cost: ScryptCost = DEFAULT_COST): PasswordHasher {
  const limited = createLimiter();
  const derive = async (password: string, salt: Buffer, { ln, r, p }: ScryptCost): Promise<Buffer> =>
    await limited(async () => await scryptOf(password.normalize('NFC'), salt, { ln, r, p }));
  const nobody: Phc = { ...cost, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) };
  return {
    hash: async (password) => {
      const salt = randomBytes(SALT_BYTES);
      return encodePhc({ ...cost, salt, hash: await derive(password, salt, cost) });
    },
    verify: async (password, phc) => {
      const known = phc === undefined ? undefined : parsePhc(phc);
      const expected = known ?? nobody;
      const actual = await derive(password, expected.salt, expected);
      return timingSafeEqual(actual, expected.hash) && known !== undefined;
    },
  };
}

async function scryptOf(password: string, salt: Buffer, { ln, r, p }: ScryptCost): Promise<Buffer> {
  const N = 2 ** ln;
  return await new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, { N, r, p, maxmem: 256 * N * r }, (error, hash) =>
      error ? reject(error) : resolve(hash),
    );
  });
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
const encodePhc = ({ ln, r, p, salt, hash }: Phc): string =>
  `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`;

export function parsePhc(text: string): Phc | undefined {
  const match = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/.exec(text);
  if (match === null) return undefined;
  const [ln = 0, r = 0, p = 0] = match.slice(1, 4).map(Number);
  if (ln < 1 || ln > 20 || r < 1 || p < 1) return undefined;
  return { ln, r, p, salt: Buffer.from(match[4] ?? '', 'base64'), hash: Buffer.from(match[5] ?? '', 'base64') };
}

/** At most `MAX_RUNNING` at once; more than `MAX_WAITING` behind them are turned away. */
function createLimiter(): <T>(run: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (run) => {
    if (running >= MAX_RUNNING) {
      if (waiting.length >= MAX_WAITING) {
        throw new UnderstudyError('limit', 'auth/busy', 'Too many sign-ins at once: try again in a few seconds.');
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next(); // hands its place over
    }
  };
}
