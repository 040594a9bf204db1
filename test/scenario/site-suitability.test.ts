/**
 * Boxes that nobody can stand in for, real processes in network namespaces with PCI devices of their own: one with a frame grabber is not
 * paired by a code, and a member that gets one is told of at its host and at the failover server that protects it.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { Server } from '../../src/api/contract/server.ts';
import { createFailoverSite, HTTP_PORT, PASSWORD, protect, signal } from '../support/failover-site.ts';
import type { SiteBox } from '../support/failover-site.ts';
import { serverView, waitFor } from '../support/failover-views.ts';
import { labProblem } from '../support/net-lab.ts';

const PATIENCE_MS = 90_000;
/** It is looked at once a minute, and told when it has been so for half of one. */
const UNFIT_MS = 200_000;
const problem = labProblem();
const SLOT = '0000:03:00.0';

async function plugIn(devices: string): Promise<void> {
  const card = join(devices, SLOT);
  await mkdir(card, { recursive: true });
  for (const [name, text] of [
    ['class', '0x040000'],
    ['vendor', '0x109e'],
    ['device', '0x036e'],
  ] as const)
    await writeFile(join(card, name), `${text}\n`);
}

async function add(host: SiteBox, member: SiteBox): Promise<void> {
  const place = { host: member.net.address, httpPort: HTTP_PORT };
  const { httpsFingerprint } = (await host.api.call('POST', '/servers/test', place)) as { httpsFingerprint: string };
  await host.api.call('POST', '/servers', { ...place, httpsFingerprint, username: 'owner', password: PASSWORD });
}

async function restart(box: SiteBox): Promise<void> {
  for (const pid of box.pids()) signal(pid, 'SIGKILL');
  await waitFor(`${box.name} to be gone`, () => box.pids().length === 0, PATIENCE_MS);
  await box.start();
}

type Said = { readonly code: string; readonly message: string };
const healthOf = async ({ api }: SiteBox, wanted: string): Promise<Said | undefined> =>
  ((await api.call('GET', '/server')) as Server).health.items.find(({ code }) => code === wanted);
const logOf = async ({ api }: SiteBox, code: string): Promise<readonly Said[]> =>
  ((await api.call('GET', `/log?code=${code}&limit=10`)) as { items: readonly Said[] }).items;

/** As its protector sees it when it is asked to look now. */
async function hardwareCheck(by: SiteBox, name: string): Promise<{ readonly ok: boolean } | undefined> {
  const serverId = (await serverView(by, name))?.id;
  const { servers } = (await by.api.call('POST', '/failover/probes', { serverId })) as {
    servers: readonly { readonly serverId: string; readonly check: string; readonly ok: boolean }[];
  };
  return servers.find((one) => one.serverId === serverId && one.check === 'suitability');
}

(problem === undefined ? test.serial : test.serial.skip)(
  'a box with a frame grabber is not paired, and a member that gets one is told of until it is out again',
  async (t) => {
    t.timeout(600_000);
    const site = await createFailoverSite(t);
    const [devices, others] = [join(site.directory, 'pci-R'), join(site.directory, 'pci-B')];
    await mkdir(devices);
    await plugIn(others);
    const [host, member, grabber, spare] = await Promise.all([
      site.box({ name: 'H', mode: 'host' }),
      site.box({ name: 'R', mode: 'recording', pciDevices: devices }),
      site.box({ name: 'B', mode: 'recording', pciDevices: others }),
      site.box({ name: 'F', mode: 'failover' }),
    ]);
    const { code } = (await host.api.call('POST', '/servers/pairing-code')) as { code: string };
    const pairing = grabber.api.call('POST', '/servers/pair', { host: host.net.address, code });
    const refused = await t.throwsAsync(pairing);
    t.regex(refused?.message ?? '', /B has frame grabber cards \(109e:036e at 0000:03:00\.0\)/);
    t.is(await serverView(host, 'B'), undefined);
    t.is(await serverView(grabber, 'H'), undefined);

    await add(host, member);
    t.is((await serverView(host, 'R'))?.unsuited, undefined);
    t.is(await healthOf(host, 'server-unsuited'), undefined);
    await protect(spare, member);
    await waitFor('it to be fit to be covered', async () => (await hardwareCheck(spare, 'R'))?.ok, PATIENCE_MS);
    await plugIn(devices);
    await restart(member);
    const alarm = await waitFor('the alarm', async () => await healthOf(host, 'server-unsuited'), PATIENCE_MS);
    t.regex(alarm.message, /^R has frame grabber cards/);
    t.like((await serverView(host, 'R'))?.unsuited, { code: 'server/frame-grabber' });
    t.is((await logOf(host, 'server-unsuited')).length, 1);
    const failed = async (): Promise<boolean> => (await hardwareCheck(spare, 'R'))?.ok === false;
    await waitFor('the check of its hardware to fail', failed, PATIENCE_MS);
    const unfit = await waitFor(
      'its protector to say so',
      async () => await healthOf(spare, 'readiness-failed'),
      UNFIT_MS,
    );
    t.regex(unfit.message, /^This server is not fit to cover R \(hardware\): It has frame grabber cards/);

    await rm(join(devices, SLOT), { recursive: true });
    await restart(member);
    await waitFor('it to be suitable', async () => (await logOf(host, 'server-suited')).length === 1, PATIENCE_MS);
    t.is(await healthOf(host, 'server-unsuited'), undefined);
    t.is((await serverView(host, 'R'))?.unsuited, undefined);
    await waitFor('it to be fit again', async () => (await hardwareCheck(spare, 'R'))?.ok, PATIENCE_MS);
  },
);
