// Roles: imported inheritance, and changes that count at the next request, on each of the two processes.
import { as, assert, asMaster, fresh, Parse, refused } from '../harness.mjs';

const notes = who => new Parse.Query('StaffNote').find(who);
for (const who of [as('ann'), as('ben')]) assert.equal((await notes(who)).length, 3);
for (const who of [{}, as('cat')]) await refused(119, notes(who));

const roles = await new Parse.Query(Parse.Role).ascending('name').find();
assert.deepEqual(
  roles.map(r => r.getName()).filter(n => !n.startsWith('Crew')), ['Administrators', 'Members', 'Moderators', 'Ring A']);
const moderators = roles.find(r => r.getName() === 'Moderators');
assert.deepEqual((await moderators.getUsers().query().find()).map(u => u.get('username')), ['ben']);
assert.deepEqual((await moderators.getRoles().query().find()).map(r => r.getName()), ['Administrators']);

const name = fresh('Crew');
const role = new Parse.Role(name, new Parse.ACL());
await role.save(null, asMaster);
const row = new Parse.Object('GameScore', { score: 3, playerName: 'crew' });
const acl = new Parse.ACL();
acl.setRoleReadAccess(name, true);
row.setACL(acl);
await row.save(null, asMaster);
const sees = async who => (await new Parse.Query('GameScore').equalTo('objectId', row.id).find(who)).length === 1;

// nginx takes the processes in turn; each knows of a change within moments.
async function becomes(expected, who, what) {
  const until = Date.now() + 60_000;
  for (let agreed = 0; agreed < 4;) {
    agreed = (await sees(who)) === expected ? agreed + 1 : 0;
    assert.ok(Date.now() < until, what);
  }
}

await becomes(false, as('cat'), 'before');
for (let round = 0; round < 10; round++) {
  role.getUsers().add(Parse.User.createWithoutData('uCat000003'));
  await role.save(null, asMaster);
  await becomes(true, as('cat'), `added, round ${round}`);
  role.getUsers().remove(Parse.User.createWithoutData('uCat000003'));
  await role.save(null, asMaster);
  await becomes(false, as('cat'), `removed, round ${round}`);
}

// By inheritance: users of a role that the role contains.
role.getRoles().add(moderators);
await role.save(null, asMaster);
for (const who of [as('ann'), as('ben')]) await becomes(true, who, 'inherited');
await role.destroy(asMaster);
for (const who of [as('ann'), as('ben')]) await becomes(false, who, 'the role is gone');
await row.destroy(asMaster);
