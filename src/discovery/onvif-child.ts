/**
 * Root of the short-lived process in which ONVIF devices are asked: the `onvif` package throws from inside socket callbacks when a
 * device answers in an unexpected shape, which nobody outside can catch, so a stranger on the LAN could end the process. It also
 * keeps the package and its XML parser out of the memory of the control process.
 *
 * Standard input: one JSON `OnvifTarget` a line (credentials never stand in arguments). Standard output: one JSON `Answer` a line.
 */
import { createInterface } from 'node:readline';
import { systemClock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { askProfiles } from './onvif.ts';
import type { OnvifTarget } from './onvif.ts';

for await (const line of createInterface({ input: process.stdin })) {
  void answer(JSON.parse(line) as OnvifTarget);
}

async function answer(target: OnvifTarget): Promise<void> {
  const { xaddr } = target;
  try {
    say({ xaddr, profiles: await askProfiles(target, systemClock) });
  } catch (error) {
    const { code, message } =
      error instanceof UnderstudyError
        ? error
        : { code: 'onvif/answer', message: 'The device answered something else than expected.' };
    say({ xaddr, profiles: [], problem: { code, message } });
  }
}

function say(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
