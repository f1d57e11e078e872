"""The texts of a bundle for people: what it is, how to check it, in two languages; and commands."""

from replay.bundle.parts import Bundle

_COMMANDS = """\
Check this bundle without the program that made it. Run these in the directory that holds
bagit.txt. Every line prints OK, Verified, or a hash to compare.

1. Nothing was changed since the bundle was packed (says nothing of who packed it):
   sha256sum -c manifest-sha256.txt
   sha256sum -c tagmanifest-sha256.txt
   bagit.py --validate .

2. The log signed its checkpoint (log.pem must be the key that you know from elsewhere):
   openssl pkeyutl -verify -pubin -inkey data/log/log.pem -rawin \\
     -in data/log/checkpoint.body -sigfile data/log/checkpoint.sig

3. The leaf hash of a record. It is the "prev" of the next one, and the leaf of its proof:
   (printf '\\0'; cat data/records/000001.json) | sha256sum
   A record kept from you stands as NNNNNN.withheld, which holds its leaf hash.

4. A record is under the checkpoint: data/proofs/NNNNNN.tlog-proof is a C2SP tlog-proof v1;
   any RFC 6962 verifier computes the root in data/log/checkpoint.body from leaf, index and hashes.

5. A personal value is the one on record: the "sd" at the pointer is
   printf %s "$DISCLOSURE" | openssl dgst -sha256 -binary | basenc --base64url | tr -d =

6. A stamp, where data/time holds one:
   openssl ts -verify -in data/time/001.tsr -data data/time/001.body \\
     -CAfile data/time/tsa-chain.pem

7. All of this at once, without a database:
   ticketledger verify bundle FILE.zip --vkey '{vkey}'
"""
_ENGLISH = """\
Evidence of after-sales ticket {ticket}
Made for: {recipient}. Purpose: {purpose}. Recorded at {at}.

records/      every event of the ticket in order, exactly the bytes that were hashed; {withheld} of
              {count} are not for this recipient: of those the leaf hash is here, so the chain
              can be followed all the same
proofs/       for every event that it is in the log
log/          the signed checkpoint of the log, its key, and whom to trust
time/         stamps of outside authorities, where there are some
disclosures   the personal values this recipient may see; what was erased can not be shown
attachments/  contents of evidence, under their SHA-256
custody       what happened to each item
policies/     the books of rules that were applied
report.html   all of it to read; open it in a browser, no network is needed

verify/COMMANDS.txt says how to check all this with other people's programs. The key in log/ is
this bundle's own word: compare it with one that you have from elsewhere, like a witness.
records/export.json, which is in the log too, says up to which version this bundle goes.
"""
_CHINESE = """\
售后工单 {ticket} 的证据包
接收方:{recipient}。用途:{purpose}。记录时间:{at}。

records/      工单的全部事件,按顺序排列,内容即被计算哈希的原始字节;共 {count} 条,其中
              {withheld} 条不向本接收方提供,仅列出其叶哈希,因此仍可核对整条哈希链
proofs/       每个事件已收入日志的证明
log/          日志的签名检查点、公钥和信任策略
time/         外部机构的时间戳(如有)
disclosures   本接收方可见的个人信息;已删除的内容无法出示
attachments/  证据附件,以 SHA-256 命名
custody       每件证据的保管链
policies/     所适用的规则文本
report.html   可阅读的报告;用浏览器打开,无需联网

verify/COMMANDS.txt 说明如何用第三方程序核验。log/ 中的公钥仅为本证据包自己的说法:请与您从
其他途径(例如见证方)取得的公钥比对。records/export.json 同样收入日志,说明本证据包截止的版本。
"""


def commands(bundle: Bundle) -> str:
    """Return how to check the bundle with other programs."""
    return _COMMANDS.replace("{vkey}", bundle.key.vkey)


def read_me(bundle: Bundle) -> dict[str, str]:
    """Return by language what the bundle is."""
    told = {
        "ticket": bundle.ticket,
        "recipient": bundle.recipient.value,
        "purpose": bundle.purpose.value,
        "at": bundle.exported_at,
        "count": len(bundle.entries),
        "withheld": sum(entry.state is None for entry in bundle.entries),
    }
    return {"zh-CN": _CHINESE.format(**told), "en": _ENGLISH.format(**told)}
