import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { openIncidentBook } from '../../src/compose/restoration-book.ts';
import { silentLog } from '../../src/core/log.ts';
import { tempDir } from '../support/temp-dir.ts';

test('an incident is taken once; its covers stay until they are forgotten, over restarts', async (t) => {
  const path = join(await tempDir(t, 'book'), 'restoration-incidents.json');
  const book = openIncidentBook(path, silentLog);
  book.put('res-1', { incident: 'incident-1', covers: ['cover-1'] });
  book.put('res-1', { incident: 'incident-1', covers: ['cover-1', 'cover-2'] });
  book.put('res-2', { incident: 'incident-1', covers: [] });
  t.deepEqual(book.of('incident-1'), ['res-1', 'res-2']);
  t.is(book.take('res-1'), 'incident-1');
  t.is(book.take('res-1'), undefined);
  const again = openIncidentBook(path, silentLog);
  t.deepEqual(again.of('incident-1'), ['res-2']);
  t.true(again.isTold('res-1'));
  t.deepEqual(again.coversOf('res-1'), ['cover-1', 'cover-2']);
  again.forget('res-1');
  t.deepEqual(openIncidentBook(path, silentLog).ids(), ['res-2']);
});

test('a book of an older release has incidents alone; one that cannot be read is empty', async (t) => {
  const path = join(await tempDir(t, 'book'), 'restoration-incidents.json');
  await writeFile(path, '{"res-1":"incident-1"}');
  const book = openIncidentBook(path, silentLog);
  t.is(book.coversOf('res-1'), undefined);
  t.is(book.take('res-1'), 'incident-1');
  await writeFile(path, '{"res-1":');
  t.deepEqual(openIncidentBook(path, silentLog).ids(), []);
});
