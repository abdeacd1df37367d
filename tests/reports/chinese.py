"""Some of the formats' own phrases in Chinese, to see how wide characters are laid out."""

from __future__ import annotations

PHRASES = {
    "Healthy": "一切正常",
    "Problem found": "发现问题",
    "passed": "通过",
    "failed": "未通过",
    "skipped": "跳过",
    "works": "正常",
    "breaks here": "在这里中断",
    "not tested": "未检查",
    "confirmed": "已证实",
    "possible": "可能",
    "blocks the login": "导致无法登录",
    "help desk": "服务台",
    "What the help desk can do": "服务台可以做什么",
    "known for this provider": "该服务商的已知设置",
    "Way to the server": "到服务器的连接",
    "Encryption": "加密",
    "Password and sign-in": "密码与登录",
    "{number} ms": "{number} 毫秒",
    "{number} s": "{number} 秒",
    "{number} {status}": "{status} {number}",
    "{name}: {value}": "{name}：{value}",
    "Cause": "原因",
    "What was seen": "检查到的现象",
    "What to do": "该怎么做",
    "Others can help, too: {who} (--verbose shows how)": "还可以请他们帮忙：{who}（用 --verbose 查看做法）",
    "Others can help, too: {who}": "还可以请他们帮忙：{who}",
    "More: --verbose (everybody's steps, servers, checks), --report FILE (to pass on)": (
        "更多：--verbose（各方的步骤、服务器、检查），--report 文件（供转交）"
    ),
    "Other causes worth a look": "其他值得留意的原因",
    "Steps for each of them: diagnose explain ID, or --verbose": "查看步骤：diagnose explain ID，或 --verbose",
    "Servers looked at": "检查过的服务器",
    "Checks": "检查项目",
    "because: {reason}": "原因：{reason}",
    "DNS server {resolver}": "DNS 服务器 {resolver}",
}


def translate(phrase: str) -> str:
    """*phrase* in Chinese, or as it is, like a message catalogue that lacks it."""
    return PHRASES.get(phrase, phrase)
