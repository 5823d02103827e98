/* SPDX-License-Identifier: MIT */
/* mail: one connection to the relay for each e-mail. */
#include "core/mail.h"

#include "base/clock.h"
#include "core/core.h"
#include "net/smtp.h"

bool mail_has_relay(const struct core *core)
{
	return core->mail != NULL;
}

bool mail_is_address(struct str text)
{
	return smtp_is_address(text);
}

void mail_send(const struct core *core, struct arena *arena, const struct mail *mail,
	       struct mail_result *out_result)
{
	struct smtp_result result;
	const struct smtp_mail sent = {
		.relay = core->mail->address,
		.tls = core->mail->tls,
		.context = core->mail->context,
		.user = core->mail->user,
		.password = core->mail->password,
		.from = core->mail->from,
		.to = mail->to,
		.subject = mail->subject,
		.body = mail->body,
		.id = arena_join(arena, (struct str[]){mail->id, STR("@tern")}, 2),
		.date_ms = clock_now_ms(),
		.timeout_ms = LIMIT_MAIL_MS,
	};

	smtp_send(&sent, &result);
	*out_result = (struct mail_result){
		.is_sent = result.is_sent,
		.code = result.code,
		.text = arena_copy(arena, str_from(result.text)),
	};
}
