// Opsgenie's client for Node, told nothing but another host. Arguments: module, address, key.
const [module_path, host, api_key] = process.argv.slice(2);
const opsgenie = require(module_path);
opsgenie.configure({ host, api_key });

const call = (what, ...given) =>
  new Promise((resolve, reject) =>
    opsgenie.alertV2[what](...given, (error, reply) => (error ? reject(error) : resolve(reply))));
const q = { identifier: "q", identifierType: "alias" };

(async () => {
  const told = {};
  told.created = (await call("create", { message: "From Node", alias: "q", priority: "P1" }, null)).result;
  const got = await call("get", q, null);
  told.got = [got.data.message, got.data.priority, got.data.status];
  await call("addNote", q, { note: "seen" }, null);
  await call("addTags", q, { tags: ["a", "b"] }, null);
  await call("removeTags", q, { tags: "a" }, null);
  await call("acknowledge", q, { user: "zed" }, null);
  const later = await call("get", q, null);
  told.later = [later.data.tags, later.data.acknowledged];
  told.notes = (await call("listAlertNotes", q, { limit: 5 }, null)).data.map((note) => note.note);
  told.closed = (await call("close", q, { note: "done" }, null)).result;
  told.gone = await call("get", q, null).then(() => "there", (error) => error.message);
  console.log(JSON.stringify(told));
})().catch((error) => { console.error(error); process.exit(1); });
