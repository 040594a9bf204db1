import test from 'ava';
import { createPasswordHasher, DEFAULT_COST, MAX_WAITING, parsePhc } from '../../src/api/password.ts';

const createCheap = () => createPasswordHasher({ ln: 4, r: 8, p: 1 });

test('a password is kept as a PHC string with its own salt and verified by it', async (t) => {
  const cheap = createCheap();
  const [one, other] = [await cheap.hash('Geheim ü'), await cheap.hash('Geheim ü')];
  t.not(one, other);
  t.regex(one, /^\$scrypt\$ln=4,r=8,p=1\$/);
  t.true(await cheap.verify('Geheim ü', one));
  t.true(await cheap.verify('Geheim ü'.normalize('NFD'), one), 'however it was typed');
  t.false(await cheap.verify('geheim ü', one));
  t.false(await cheap.verify('', one));
});

test('a hash made at another cost is still verified', async (t) => {
  const cheap = createCheap();
  const dear = createPasswordHasher({ ln: 5, r: 8, p: 2 });
  t.true(await cheap.verify('x', await dear.hash('x')));
});

test('an unknown user and a damaged hash are never right', async (t) => {
  const cheap = createCheap();
  t.false(await cheap.verify('x', undefined));
  for (const bad of ['', 'x', '$scrypt$ln=99,r=8,p=1$a$b', '$scrypt$ln=0,r=0,p=0$AAAAAAAAAAAAAAAAAAAAAA$A']) {
    t.is(parsePhc(bad), undefined);
    t.false(await cheap.verify('x', bad));
  }
});

test('15: an unknown user takes as long as a known one', async (t) => {
  const hasher = createPasswordHasher({ ...DEFAULT_COST, ln: 12 });
  const phc = await hasher.hash('x');
  const timed = async (known: string | undefined): Promise<number> => {
    const began = performance.now();
    await hasher.verify('y', known);
    return performance.now() - began;
  };
  const rounds = 5;
  const known: number[] = [];
  const unknown: number[] = [];
  const best = (): readonly [number, number] => [Math.min(...known), Math.min(...unknown)];
  const isAlike = ([a, b]: readonly [number, number]): boolean => b > a / 3 && b < a * 3;
  // The best of either is what the work takes; on a busy machine more rounds are needed until both had their turn undisturbed.
  for (let round = 0; round < rounds || (round < 20 * rounds && !isAlike(best())); round += 1) {
    known.push(await timed(phc));
    unknown.push(await timed(undefined));
  }
  const [a, b] = best();
  t.true(isAlike([a, b]), `${a} ms known, ${b} ms unknown`);
});

test('a flood is turned away instead of piling up', async (t) => {
  const cheap = createCheap();
  const results = await Promise.allSettled(Array.from({ length: MAX_WAITING * 2 }, () => cheap.hash('x')));
  const refused = results.filter(({ status }) => status === 'rejected').length;
  t.is(refused, MAX_WAITING - 2);
  t.true(await cheap.verify('x', await cheap.hash('x')), 'and afterwards it works as before');
});
