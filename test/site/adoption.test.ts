import test from 'ava';
import { adoptedSettings, adoptionHash, identityView } from '../../src/site/adoption.ts';
import { serverSettingsSchema } from '../../src/site/server-settings.ts';
import type { BackedUpSettings } from '../../src/site/settings-backup.ts';
import { cameraOf, serverIdOf } from '../support/memory-settings.ts';

const user = { id: 'user-1', username: 'owner', role: 'owner' as const, passwordHash: 'h', createdAt: 1 };
const token = { id: 'token-1', name: 'backup', role: 'viewer' as const, secretHash: 'a'.repeat(64), createdAt: 1 };
const original: BackedUpSettings = {
  server: serverSettingsSchema.parse({
    id: serverIdOf(2),
    name: 'Hall',
    mode: 'recording',
    epoch: 7,
    allowLoopbackCameras: true,
    allowedHosts: ['hall.example', 'both.example'],
    returnShare: { host: 'hall', share: 'in', username: 'u', volumeId: 'v' },
  }),
  cameras: [cameraOf('cam-1', { name: 'Door', hasPassword: true })],
  volumes: [{ id: 'volume-r', path: '/r', reserveBytes: 0 }],
  users: [user],
  tokens: [token],
  secrets: { 'camera:cam-1': 'secret', 'smb:return': 'share' },
};
const own = serverSettingsSchema.parse({
  id: serverIdOf(1),
  name: 'Spare',
  mode: 'failover',
  epoch: 3,
  allowedHosts: ['spare.example', 'both.example'],
});

test('the successor is known by the name of the original, and stays the box that it is', (t) => {
  const { server, cameras, users, tokens, secrets } = adoptedSettings(own, original, 513);
  t.like(server, { id: own.id, name: 'Hall', mode: 'recording', epoch: 513, allowLoopbackCameras: true });
  t.deepEqual(server.allowedHosts, ['spare.example', 'both.example', 'hall.example']);
  t.is(server.returnShare, undefined, 'the share shows a folder of a volume of the original');
  t.deepEqual([cameras, users, tokens], [original.cameras, original.users, original.tokens]);
  t.deepEqual(secrets, { 'camera:cam-1': 'secret' });
});

test('a second time changes nothing, and the epoch never goes back', (t) => {
  const once = adoptedSettings(own, original, 513).server;
  t.deepEqual(adoptedSettings(once, original, 513).server, once);
  t.is(adoptedSettings({ ...own, epoch: 900 }, original, 513).server.epoch, 900);
});

test('the hash is the same on both sides, and another one when anything differs', (t) => {
  const { server, ...rest } = adoptedSettings(own, original, 513);
  const there = {
    server,
    cameras: [...rest.cameras],
    users: [...rest.users],
    tokens: [...rest.tokens],
    secrets: rest.secrets,
  };
  const hash = adoptionHash(original);
  t.is(adoptionHash(there), hash);
  t.is(adoptionHash({ ...there, tokens: [{ ...token, lastUsedAt: 99 }] }), hash, 'uses of tokens change by themselves');
  const others: readonly (typeof there)[] = [
    { ...there, server: { ...server, name: 'Hail' } },
    { ...there, cameras: [] },
    { ...there, cameras: [cameraOf('cam-1', { name: 'Door', hasPassword: true, standbyLevel: 'hot' })] },
    { ...there, users: [{ ...user, passwordHash: 'other' }] },
    { ...there, tokens: [] },
    { ...there, secrets: { 'camera:cam-1': 'Secret' } },
  ];
  for (const other of others) t.not(adoptionHash(other), hash);
});

test('what is shown of an identity has no secrets', (t) => {
  const shown = identityView(original);
  t.deepEqual(shown, {
    name: 'Hall',
    cameras: [{ id: 'cam-1', name: 'Door' }],
    users: ['owner'],
    tokens: ['backup'],
  });
});
