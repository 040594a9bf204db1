/** Servers on a real LAN of network namespaces: found, moved, crashed, gone; beside other programs and among hostile ones. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { EXPIRY } from '../../src/discovery/lan-peer-table.ts';
import { SEARCH_BYTES } from '../../src/discovery/lan-traffic.ts';
import type { PeerFacts } from '../../src/discovery/lan-peer.ts';
import { aPeer, idOf } from '../support/lan-facts.ts';
import { createNetLab, labProblem } from '../support/net-lab.ts';
import type { NetBox } from '../support/net-lab.ts';
import type { TestProcess } from '../support/processes.ts';
import { waitFor } from '../support/wait-for.ts';

const NODE = resolve(import.meta.dirname, '../support/lan-node.ts');
const SPOOF = resolve(import.meta.dirname, '../lab/spoof.py');
const CLI = resolve(import.meta.dirname, '../../src/cli.ts');
const AVAHI = '/usr/sbin/avahi-daemon';

const problem = labProblem();
function labTest(
  title: string,
  run: (t: ExecutionContext) => Promise<void>,
  needs: string | undefined = problem,
): void {
  // One after the other: each counts seconds of several processes.
  if (needs === undefined) test.serial(title, run);
  else test.skip(`${title} (${needs})`, run);
}

const facts = (number: number, name: string, more: Partial<PeerFacts> = {}): PeerFacts =>
  aPeer({ id: idOf(number), name, ...more });

async function node(box: NetBox, facts?: PeerFacts): Promise<TestProcess> {
  const started = box.start(
    process.execPath,
    '--no-warnings',
    NODE,
    ...(facts === undefined ? [] : [JSON.stringify(facts)]),
  );
  await started.line(/^ready$/);
  return started;
}

const count = ({ stdout }: TestProcess, line: RegExp): number => stdout().match(new RegExp(line, 'gm'))?.length ?? 0;
/** How long after `act` until `line` came once more than `before`, in milliseconds. */
async function timeTo(
  process: TestProcess,
  line: RegExp,
  act: () => unknown,
  before: number = count(process, line),
): Promise<number> {
  act();
  const began = performance.now();
  await waitFor(`another ${line}`, () => count(process, line) > before);
  return Math.round(performance.now() - began);
}

/** How long a server was not heard of before it was called gone, by the clock of who says so. */
const silenceOf = ({ stdout }: TestProcess, name: string): number =>
  Number(
    stdout()
      .split('\n')
      .findLast((line) => line.startsWith(`gone ${name} `))
      ?.split(' ')
      .at(-1) ?? 0,
  );

labTest('servers find each other at once both ways, follow a change of address, and say goodbye', async (t) => {
  const lab = createNetLab(t);
  const [one, two] = [lab.box(), lab.box()];
  const a = await node(one, facts(1, 'attic'));
  const b = await node(two, facts(2, 'barn', { mode: 'failover' }));
  const found = await timeTo(a, /^found barn/, () => undefined, 0);
  await b.line(/^(found|changed) attic both 10\.77\.0\.1$/);
  await a.line(/^(found|changed) barn both 10\.77\.0\.2$/);
  const moved = await timeTo(a, /^changed barn \w+ 10\.77\.0\.102/, () => {
    two.ip('addr', 'del', '10.77.0.2/24', 'dev', 'eth0');
    two.ip('addr', 'add', '10.77.0.102/24', 'dev', 'eth0');
  });
  const cli = one.start(process.execPath, '--no-warnings', CLI, 'discover', '--json', '--seconds', '2');
  t.is(await cli.ended, 0);
  const { servers } = JSON.parse(cli.stdout()) as { servers: readonly { name: string; fingerprint: string }[] };
  t.true(servers.some(({ name, fingerprint }) => name === 'barn' && fingerprint === aPeer().fingerprint));
  const left = await timeTo(a, /^gone barn/, () => b.kill('SIGTERM'));
  t.is(await b.ended, 0);
  t.log(`found after ${found} ms, moved after ${moved} ms, gone after ${left} ms`);
  t.true(found < 3000 && moved < 6000 && left < 5000);
});

labTest('a crash is noticed within 20 s, so is a network card that is gone; a new card is taken up', async (t) => {
  const lab = createNetLab(t);
  const [one, two, three] = [lab.box(), lab.box(), lab.box()];
  const a = await node(one, facts(1, 'attic'));
  const b = await node(two, facts(2, 'barn'));
  const c = await node(three, facts(3, 'cellar'));
  for (const [process, name] of [
    [a, 'barn'],
    [a, 'cellar'],
    [b, 'attic'],
    [c, 'attic'],
  ] as const)
    await process.line(new RegExp(`(found|changed) ${name} both`));
  const crashed = await Promise.all([
    timeTo(a, /^gone barn/, () => b.kill('SIGKILL')),
    timeTo(a, /^gone cellar/, () => three.unplug()),
    timeTo(c, /^gone attic/, () => undefined),
  ]);
  const back = await Promise.all([
    timeTo(a, /^found cellar/, () => three.plug()),
    timeTo(c, /^found attic/, () => undefined),
  ]);
  t.log(`gone after ${crashed.join(', ')} ms; on a new card found after ${back.join(', ')} ms`);
  t.true(crashed.every((ms) => ms < 20_500));
  // Not before three announcements were missed; how long before the crash it said the last one is its own affair.
  const silences = [silenceOf(a, 'barn'), silenceOf(a, 'cellar'), silenceOf(c, 'attic')];
  t.true(
    silences.every((ms) => ms > EXPIRY - 100),
    silences.join(', '),
  );
  t.true(back.every((ms) => ms < 6000));
  t.is(a.stderr() + c.stderr(), '');
});

labTest('a port held by another program stops one protocol only, for good', async (t) => {
  const lab = createNetLab(t);
  const [one, two, three] = [lab.box(), lab.box(), lab.box()];
  const hold = (box: NetBox, port: number): TestProcess =>
    box.start(
      process.execPath,
      '-e',
      `require('node:dgram').createSocket('udp4').bind(${port}, () => console.log('held'))`,
    );
  await hold(one, 1900).line(/held/);
  const mdnsHolder = hold(two, 5353);
  await mdnsHolder.line(/held/);
  const a = await node(one, facts(1, 'attic'));
  const c = await node(three, facts(3, 'cellar'));
  const b = await node(two, facts(2, 'barn'));
  await Promise.all([
    a.line(/^(found|changed) cellar both/),
    a.line(/^found barn ssdp/),
    b.line(/^found cellar ssdp/),
    c.line(/^found attic mdns/),
    c.line(/^found barn ssdp/),
  ]);
  for (const box of [a, b]) box.write('remarks\n');
  t.is(await a.line(/^remark/), 'remark ssdp EADDRINUSE');
  t.is(await b.line(/^remark/), 'remark mdns EADDRINUSE');
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  for (const box of [a, b, c]) t.is(count(box, /^gone/), 0, box.stdout());
  const taken = await timeTo(b, /^(found|changed) attic/, () => mdnsHolder.kill());
  t.log(`port taken up again after ${taken} ms`);
});

const noAvahi = problem ?? (existsSync(AVAHI) ? undefined : 'avahi-daemon is not installed');
labTest(
  'avahi on the same box and ours do not hurt each other',
  async (t) => {
    const lab = createNetLab(t);
    const [one, two] = [lab.box(), lab.box()];
    const conf =
      '[server]\\nhost-name=neighbour\\nuse-ipv6=no\\nenable-dbus=no\\n[publish]\\npublish-workstation=yes\\n';
    const avahi = one.start(
      'sh',
      '-c',
      `mount -t tmpfs tmpfs /run && mkdir /run/avahi-daemon && printf '${conf}' >/run/avahi.conf && exec ${AVAHI} -f /run/avahi.conf --no-drop-root --no-chroot --no-rlimits`,
    );
    await waitFor('avahi is up', () => /Server startup complete/.test(`${avahi.stdout()}${avahi.stderr()}`));
    const a = await node(one, facts(1, 'attic'));
    const b = await node(two, facts(2, 'barn'));
    await a.line(/^(found|changed) barn both/);
    await b.line(/^(found|changed) attic both/);
    const asked = two.start(process.execPath, '-e', ASK_NEIGHBOUR);
    t.regex(await asked.line(/^answer/), /neighbour/);
    for (const box of [a, b]) box.write('remarks\n');
    await Promise.all([a.line(/^told/), b.line(/^told/)]);
    t.is(count(a, /^remark/) + count(b, /^remark/), 0);
    t.is(avahi.child.exitCode, null);
  },
  noAvahi,
);

/** Asks for `neighbour.local` until somebody else answers. */
const ASK_NEIGHBOUR = `
const socket = require('node:dgram').createSocket({ type: 'udp4', reuseAddr: true });
const name = Buffer.from('\\u0009neighbour\\u0005local\\u0000\\u0000\\u0001\\u0000\\u0001', 'latin1');
const head = Buffer.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
socket.on('message', (message) => {
  if ((message[2] & 0x80) === 0 || !message.includes('neighbour')) return;
  console.log('answer neighbour');
  process.exit();
});
socket.bind(5353, () => {
  socket.addMembership('224.0.0.251', '10.77.0.2');
  socket.setMulticastInterface('10.77.0.2');
  setInterval(() => socket.send(Buffer.concat([head, name]), 5353, '224.0.0.251'), 300);
});`;

labTest('a spoofed source gets less than was sent in its name, and port 0 ends nothing', async (t) => {
  const lab = createNetLab(t);
  const [target, attacker, victim] = [lab.box(), lab.box(), lab.box()];
  const a = await node(target, facts(1, 'attic'));
  const counter = victim.start(
    process.execPath,
    '-e',
    `let bytes = 0; const s = require('node:dgram').createSocket('udp4').on('message', (m) => console.log('bytes', (bytes += m.length)));
     s.bind(5555, '${victim.address}', () => console.log('counting'));`,
  );
  await counter.line(/counting/);
  const spoof = async (source: string, port: number, times: number, payload: string): Promise<number> => {
    const run = attacker.start('python3', SPOOF, source, String(port), target.address, '1900', String(times));
    run.child.stdin?.end(payload);
    return Number((await run.line(/^sent/))?.split(' ')[1]);
  };
  const search = (pad: number): string =>
    `M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: ssdp:all\r\n${pad > 0 ? `X-PAD: ${'-'.repeat(pad)}\r\n` : ''}\r\n`;
  const received = (): number => Number(counter.stdout().trim().split('\n').at(-1)?.split(' ')[1] ?? 0) || 0;
  const victimAddress = victim.address;

  const short = await spoof(victimAddress, 5555, 2000, search(0));
  const afterShort = await settled(received);
  t.is(afterShort, 0);
  const full = await spoof(victimAddress, 5555, 2000, search(SEARCH_BYTES - search(1).length + 1));
  const afterFull = await settled(received);
  await spoof('192.0.2.7', 5555, 200, search(1000));
  await spoof(victimAddress, 0, 20, search(1000));
  t.log(
    `${short} and ${full} bytes sent in its name, ${afterShort} and ${afterFull} received: factor ${(afterFull / full).toFixed(4)}`,
  );
  t.true(afterFull <= full * 0.05);

  const b = await node(victim, facts(2, 'barn'));
  await a.line(/^(found|changed) barn both/);
  await b.line(/^(found|changed) attic both/);
  t.is(a.stderr(), '');
});

/** The value once it did not change for half a second. */
async function settled(look: () => number): Promise<number> {
  let last = look();
  let since = performance.now();
  return waitFor('a standstill', () => {
    if (look() !== last) [last, since] = [look(), performance.now()];
    return performance.now() - since > 500 ? last + 1 : undefined;
  }).then((value) => value - 1);
}
