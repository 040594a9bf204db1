import test from 'ava';
import { refuseModeChange } from '../../src/control/mode-change.ts';
import type { ModeFacts } from '../../src/control/mode-change.ts';

const FACTS: ModeFacts = {
  now: 'failover',
  wanted: 'recording',
  name: 'Spare',
  confirm: undefined,
  covered: [],
  recorded: 0,
  protected: [],
};
const refusal = (more: Partial<ModeFacts>): string | undefined => {
  try {
    refuseModeChange({ ...FACTS, ...more });
    return undefined;
  } catch (error) {
    return String((error as { code?: string }).code);
  }
};

test('what would end with a role is refused, unless the name of the server is typed', (t) => {
  const covers = { covered: ['Hall'] };
  t.is(refusal(covers), 'failover/covering');
  t.is(refusal({ ...covers, confirm: 'spare' }), 'failover/covering');
  t.is(refusal({ ...covers, confirm: 'Spare' }), undefined);
  t.is(refusal({ now: 'recording', wanted: 'failover', recorded: 2 }), 'server/records');
  t.is(refusal({ now: 'recording', wanted: 'host', recorded: 2 }), undefined, 'a host may record');
});

test('a failover server that becomes host says whom it will protect no more; as a recording server it keeps them', (t) => {
  const protects = { protected: ['Hall', 'Barn'] };
  t.is(refusal({ ...protects, wanted: 'host' }), 'server/protects');
  t.is(refusal({ ...protects, wanted: 'host', confirm: 'Spare' }), undefined);
  t.is(refusal({ ...protects, wanted: 'recording' }), undefined);
  t.is(refusal({ ...protects, now: 'recording', wanted: 'host' }), undefined);
  t.throws(() => refuseModeChange({ ...FACTS, ...protects, wanted: 'host' }), { message: /Hall, Barn.*Spare/ });
});
