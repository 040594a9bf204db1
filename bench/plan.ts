/**
 * `./build.sh bench plan`: how long it takes to decide who covers whom, on sites far larger than one host serves. Fails when a plan for
 * 200 failed servers takes more than 50 ms, or when twice the cameras take more than four times as long.
 */
import type { Member, PlanCamera } from '../src/failover/plan-types.ts';
import { planCover } from '../src/failover/plan.ts';
import type { PlanRequest } from '../src/failover/plan.ts';

const ROUNDS = 9;
const LIMIT_MS = 50;
const MAX_RATIO = 4;
const PRIORITIES = ['high', 'medium', 'low'] as const;

function siteOf(servers: number, spares: number, present: boolean): PlanRequest {
  const members = Array.from({ length: spares }, (_, index): Member => ({
    id: `spare-${index}`,
    channels: 128,
    seats: Infinity,
    unreachable: new Set(),
  }));
  const cameras = Array.from({ length: servers * 128 }, (_, index): PlanCamera => ({
    id: `cam-${index.toString(16).padStart(8, '0')}`,
    serverId: `server-${Math.floor(index / 128)}`,
    name: `Camera ${(index * 7919) % 128}`,
    priority: PRIORITIES[index % 3] ?? 'low',
  }));
  const request: PlanRequest = {
    members,
    cameras,
    present: new Map(),
    shortage: 'by-priority',
    oneServerAtATime: false,
  };
  return present ? { ...request, present: planCover(request).assigned } : request;
}

function measure(name: string, request: PlanRequest): number {
  const times: number[] = [];
  let covered = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = process.cpuUsage();
    covered = planCover(request).assigned.size;
    const { user, system } = process.cpuUsage(began);
    times.push((user + system) / 1000);
  }
  // The least: whatever else the machine does only adds.
  const least = Math.min(...times);
  console.log(
    `${name}: ${least.toFixed(1)} ms of CPU (least of ${ROUNDS}), ${covered} of ${request.cameras.length} covered`,
  );
  return least;
}

measure('1 server down, 100 spares', siteOf(1, 100, false));
const hundred = measure('100 servers down, 100 spares', siteOf(100, 100, false));
const twoHundred = measure('200 servers down, 100 spares', siteOf(200, 100, false));
measure('200 servers down, 200 spares', siteOf(200, 200, false));
measure('the same, all covered already', siteOf(200, 200, true));
if (twoHundred > LIMIT_MS) console.error(`plan: ${twoHundred.toFixed(1)} ms for 200 servers, at most ${LIMIT_MS} ms`);
if (twoHundred / hundred > MAX_RATIO)
  console.error(`plan: twice the cameras took ${(twoHundred / hundred).toFixed(1)} times as long`);
process.exitCode = twoHundred > LIMIT_MS || twoHundred / hundred > MAX_RATIO ? 1 : 0;
