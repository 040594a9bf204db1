/** The committed API document is the one that the route table makes. Refresh it with `UPDATE=1 ava test/api/openapi.test.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import test from 'ava';
import { startApi } from '../support/api-server.ts';

const COPY = resolve(import.meta.dirname, '../../docs/ref/openapi.json');

test('docs/ref/openapi.json equals the document that the server gives', async (t) => {
  const { call } = await startApi(t);
  const { json, status } = await call('GET', '/api/v1/openapi.json');
  t.is(status, 200);
  const text = `${JSON.stringify(json, undefined, 1)}\n`;
  if (process.env['UPDATE'] !== undefined) writeFileSync(COPY, text);
  t.true(
    readFileSync(COPY, 'utf8') === text,
    'The API changed: run `UPDATE=1 ava test/api/openapi.test.ts` and commit docs/ref/openapi.json.',
  );
  t.is(json.openapi, '3.1.0');
  t.is(json.paths['/api/v1/cameras/{id}'].patch['x-role'], 'admin');
});
