/**
 * `understudy cameras`: cameras of a server, or of another one of its site (`--at`): lists, adds, changes, removes, tests them.
 * Belongs here: set-up. Does not: looking for cameras on the LAN (cameras-discover.ts), pictures (snapshots.ts), footage (exports.ts).
 */
import type { Command } from 'commander';
import type { Camera, TestCameraResult } from '../api/contract/cameras.ts';
import { splitCredentials } from '../site/camera-credentials.ts';
import { registerDiscoverCameras } from './cameras-discover.ts';
import { changeTagged } from './change-tagged.ts';
import { camerasOf, findCameras } from './find-camera.ts';
import { apiOf, EXIT_PROBLEM, firstLineOf, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { settingsIn } from './site-settings.ts';
import { columnsOf, print, printJson } from './text-output.ts';

type Options = ServerOptions & {
  readonly username?: string;
  readonly passwordFile?: string;
  readonly deleteFootage?: boolean;
};
const EXAMPLE =
  'such as sub.url=rtsp://192.168.1.20/sub priority=high standbyLevel=hot retention.maxDays=30 enabled=off sub=';
const SECRET = 'A password comes from --password-file only: in an address on the command line others could read it.';

export function registerCameras(program: Command): void {
  const cameras = program.command('cameras').description('cameras of a server, and on the network');
  withServerOptions(
    cameras
      .command('list', { isDefault: true })
      .description('list them with their state; exit 1 if one cannot be recorded'),
  ).action(list);
  registerDiscoverCameras(cameras);
  account(
    cameras
      .command('add')
      .description('add one; test it first')
      .argument('<name>', 'what it is to be called')
      .argument('<url>', 'rtsp://HOST/PATH, rtsps://HOST/PATH, or rtmp://push/KEY for one that pushes')
      .argument('[setting...]', EXAMPLE),
  ).action(add);
  account(
    cameras
      .command('change')
      .description('change one, or the same in several: all of them or none')
      .argument('<camera|setting...>', `names or ids, and settings ${EXAMPLE}`),
  ).action(change);
  withServerOptions(
    cameras
      .command('remove')
      .description('remove cameras: all of them or none; their footage stays')
      .argument('<camera...>', 'names or ids')
      .option('--delete-footage', 'their footage is deleted, for good'),
  ).action(remove);
  account(
    cameras
      .command('test')
      .description('connect once and wait for a key frame, check by check; exit 1 if none came')
      .argument('<camera|url>', 'name or id of a camera, or an address'),
  ).action(test);
}

const account = (command: Command): Command =>
  withServerOptions(
    command
      .option('--username <name>', 'who signs in at the camera')
      .option('--password-file <file>', 'its first line is the password of the camera'),
    SECRET,
  );

async function list(options: ServerOptions): Promise<void> {
  const api = await apiOf('cameras', options);
  const cameras = await camerasOf(api);
  if (options.json === true) printJson({ cameras });
  else if (cameras.length === 0) print('This server has no cameras.');
  else process.stdout.write(columnsOf(cameras.map(rowOf)));
  if (cameras.some(({ state }) => state === 'failed')) process.exitCode = EXIT_PROBLEM;
}

function rowOf(camera: Camera): readonly (string | undefined)[] {
  const { id, name, state, main, priority, standbyLevel, footageBytes, coveredFor, streams } = camera;
  const { width, height, codec, message } = streams.find(({ stream }) => stream === 'main') ?? {};
  return [
    name,
    coveredFor === undefined ? state : `${state} for ${coveredFor.name}`,
    id,
    main.url,
    width === undefined || height === undefined ? undefined : `${width}x${height} ${codec ?? ''}`,
    `${priority}, ${standbyLevel}`,
    `${(footageBytes / 1e9).toFixed(1)} GB`,
    message,
  ];
}

/** @throws cli/usage */
async function asked(settings: readonly string[], { username, passwordFile }: Options): Promise<object> {
  const change = settingsIn(settings);
  for (const source of [change['main'], change['sub']])
    if (typeof source === 'object' && source !== null && 'url' in source) withoutSecret(String(source['url']));
  const password = passwordFile === undefined ? {} : { password: await firstLineOf(passwordFile, '--password-file') };
  return { ...change, ...(username === undefined ? {} : { username }), ...password };
}

/** @throws cli/usage */
function withoutSecret(url: string): string {
  if (splitCredentials(url).password !== undefined) throw wrongUse(`no password in an address: ${SECRET}`);
  return url;
}

async function add(name: string, url: string, settings: readonly string[], options: Options): Promise<void> {
  const main = { url: withoutSecret(url) };
  const { main: more, ...rest } = (await asked(settings, options)) as { readonly main?: object };
  const api = await apiOf('cameras add', options);
  const camera = (await api.call('POST', '/cameras', { name, main: { ...main, ...more }, ...rest })) as Camera;
  if (options.json === true) printJson({ camera });
  else print(`${camera.name} was added (${camera.id}).`);
}

/** As `settingsIn` reads them; a camera with such a name is meant by its id. */
const isSetting = (text: string): boolean => /^[a-zA-Z]+(\.[a-zA-Z]+)?=/.test(text);

async function change(words: readonly string[], options: Options): Promise<void> {
  const body = await asked(words.filter(isSetting), options);
  if (Object.keys(body).length === 0) throw wrongUse(`cameras change needs a setting, ${EXAMPLE}`);
  const api = await apiOf('cameras change', options);
  const [first, ...more] = await findCameras(
    api,
    words.filter((word) => !isSetting(word)),
  );
  const ids = [first, ...more].map(({ id }) => id);
  const cameras =
    more.length === 0
      ? [(await changeTagged(api, `/cameras/${first.id}`, body)) as Camera]
      : ((await api.call('PATCH', '/cameras', { ids, change: body })) as { readonly items: readonly Camera[] }).items;
  if (options.json === true) printJson({ cameras });
  else print(`Changed: ${cameras.map(({ name }) => name).join(', ')}.`);
}

async function remove(meant: readonly string[], options: Options): Promise<void> {
  const footage = options.deleteFootage === true ? 'delete' : 'keep';
  const api = await apiOf('cameras remove', options);
  const cameras = await findCameras(api, meant);
  await api.call('DELETE', '/cameras', { ids: cameras.map(({ id }) => id), footage });
  if (options.json === true) return printJson({ removed: cameras.map(({ id, name }) => ({ id, name })), footage });
  print(
    `Removed: ${cameras.map(({ name }) => name).join(', ')}; footage ${footage === 'keep' ? 'stays' : 'is deleted'}.`,
  );
}

/** A camera is waited for at each check. */
const TEST_WITHIN_MS = 90_000;
async function test(meant: string, options: Options): Promise<void> {
  const { username, passwordFile } = options;
  const password = passwordFile === undefined ? {} : { password: await firstLineOf(passwordFile, '--password-file') };
  const isUrl = meant.includes('://');
  if (isUrl) withoutSecret(meant);
  const api = await apiOf('cameras test', options);
  const place = isUrl ? { url: meant } : placeOf((await findCameras(api, [meant]))[0]);
  const body = { ...place, ...(username === undefined ? {} : { username }), ...password };
  // The picture is for pages.
  const { preview: _, ...result } = (await api.call('POST', '/cameras/test', body, TEST_WITHIN_MS)) as TestCameraResult;
  if (options.json === true) printJson(result);
  else for (const line of linesOf(result)) print(line);
  if (!result.ok) process.exitCode = EXIT_PROBLEM;
}

const placeOf = ({ id, main, username, fingerprint }: Camera): object => ({
  cameraId: id,
  url: main.url,
  transport: main.transport,
  ...(username === undefined ? {} : { username }),
  ...(fingerprint === undefined ? {} : { fingerprint }),
});

function linesOf({ ok, checks, codec, width, height, fingerprint }: TestCameraResult): readonly string[] {
  const picture = width === undefined || height === undefined ? '' : ` ${width}x${height}`;
  return [
    ...checks.map(({ check, ok: isGood, message }) => `${isGood ? 'ok' : 'failed'}: ${check}: ${message}`),
    ...(fingerprint === undefined ? [] : [`Its certificate, to be trusted with fingerprint=: ${fingerprint}`]),
    ok ? `It can be recorded${codec === undefined ? '' : `: ${codec}${picture}`}.` : 'It cannot be recorded.',
  ];
}
