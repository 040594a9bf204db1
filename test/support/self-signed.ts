/** A key and certificate that nobody knows, as a stranger would bring them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { runProcess } from './processes.ts';
import { tempDir } from './temp-dir.ts';

export async function selfSigned(
  t: Pick<ExecutionContext, 'teardown'>,
): Promise<{ readonly key: string; readonly cert: string }> {
  const folder = await tempDir(t, 'stranger');
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  await runProcess(t, 'openssl', [
    'req',
    '-x509',
    ...kind,
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=stranger',
    '-keyout',
    key,
    '-out',
    cert,
  ]);
  return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
}
