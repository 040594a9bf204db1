import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { SECURITY_HEADERS } from '../../src/api/app.ts';

const WEB = join(import.meta.dirname, '../../web');

test('the rules that stand in the page for its first paint are the ones that the security policy allows', (t) => {
  const rules = readFileSync(join(WEB, 'src/styles/boot.css'), 'utf8').trim();
  const hash = createHash('sha256').update(rules).digest('base64');
  t.true((SECURITY_HEADERS['content-security-policy'] ?? '').includes(`style-src 'self' 'sha256-${hash}';`), hash);
});
