/** Replacing a server by command, against an API whose other side is made up. */
import test from 'ava';
import type { ReplacementView, ReplaceServerResult } from '../../src/api/contract/replacing.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { startCliBench } from '../support/cli-bench.ts';
import { AT, knownServerOf, SERVER_ID } from '../support/known-server.ts';

const replacement: ReplacementView = {
  id: 'replacement-1',
  serverId: SERVER_ID,
  serverName: 'Hall',
  by: 'spare',
  byName: 'Spare',
  state: 'done',
  startedAt: AT,
  originalTold: false,
};
const shown = (name: string): ReplaceServerResult['after'] => ({
  name,
  cameras: [{ id: 'cam-door', name: 'Door' }],
  users: ['anna'],
  tokens: [],
});
const servers = { list: () => [knownServerOf(), knownServerOf({ id: 'barn', name: 'Barn' })] };

test('without its name as confirmation only what would change is shown; with it it is done', async (t) => {
  const asked: object[] = [];
  const { run } = await startCliBench(t, {
    servers,
    replacing: {
      replace: async (serverId, request, user) => {
        asked.push({ serverId, user, ...request });
        const answer = { before: shown('Spare'), after: shown('Hall'), warnings: ['Barn needs another one.'] };
        return await Promise.resolve(request.dryRun ? answer : { ...answer, replacement });
      },
    },
  });
  const dry = await run('replace', 'Hall');
  t.is(dry.code, 0, dry.stderr);
  t.regex(dry.stdout, /^Spare would become Hall, with 1 cameras \(Door\) and the accounts anna\.$/m);
  t.regex(dry.stdout, /^Barn needs another one\.$/m);
  t.regex(dry.stdout, /^Nothing was changed.*--confirm 'Hall'/m);
  const done = await run('replace', 'Hall', '--by', 'Barn', '--confirm', 'Hall');
  t.regex(done.stdout, /^Spare is Hall now; the original is told when it returns\.$/m);
  t.like(asked[0], { serverId: SERVER_ID, dryRun: true, user: 'script' });
  t.like(asked[1], { serverId: SERVER_ID, by: 'barn', confirm: 'Hall', dryRun: false });
});

test('what was replaced is listed, and a refusal is told in its words', async (t) => {
  const { run } = await startCliBench(t, {
    servers,
    replacing: {
      list: () => [replacement, { ...replacement, state: 'adopted', problem: 'its footage is on its way to it' }],
      clear: async (confirm) => {
        await Promise.resolve();
        if (confirm !== 'Attic')
          throw new UnderstudyError('invalid', 'replace/not-confirmed', '2 cameras are removed here.');
      },
    },
  });
  const listed = await run('replaced');
  t.regex(listed.stdout, /Hall +done .*the original is told when it returns/);
  t.regex(listed.stdout, /It is adopted, and does not go on: its footage is on its way to it/);
  const refused = await run('replaced', 'clear');
  t.not(refused.code, 0);
  t.regex(refused.stderr, /2 cameras are removed here/);
  t.regex((await run('replaced', 'clear', '--confirm', 'Attic')).stdout, /set up anew/);
});
