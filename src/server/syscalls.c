/* SPDX-License-Identifier: MIT */
/*
 * syscalls: a seccomp filter that refuses, with EPERM, what no part of ternd asks for once it
 * serves and what whoever has broken in would ask for: other programs, other processes' memory,
 * the kernel's administration.
 *
 * It names what is refused, not what is allowed: a list of all that libc, libuv and OpenSSL may
 * call on each kernel would have to follow each of their versions, and would stop a server that
 * did nothing wrong. The unit's SystemCallFilter is such a list, kept by the distribution.
 * The table is short enough to be written as BPF by hand, so that it takes no library.
 */
#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/check.h"
#include "server/process.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#define FOREIGN_CALLS 0x40000000u /* numbers from here on are those of the x32 ABI */
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#define FOREIGN_CALLS UINT32_MAX
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

#ifdef NATIVE_ARCH
#define RING_CALL SYS_io_uring_enter

static const uint16_t refused[] = {
#ifndef IS_SANITIZED /* leaks are looked for by ptrace, and symbols by another program */
	SYS_ptrace,
	SYS_execve,
	SYS_execveat,
	SYS_personality,
#endif
	/* other processes */
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_kcmp,
#ifdef SYS_pidfd_getfd
	SYS_pidfd_getfd,
#endif
	/* file systems and namespaces */
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_chroot,
	SYS_setns,
	SYS_unshare,
#ifdef SYS_open_tree
	SYS_open_tree,
	SYS_move_mount,
	SYS_fsopen,
	SYS_fsconfig,
	SYS_fsmount,
	SYS_fspick,
#endif
#ifdef SYS_mount_setattr
	SYS_mount_setattr,
#endif
	SYS_name_to_handle_at,
	SYS_open_by_handle_at,
	SYS_mknodat,
	SYS_fanotify_init,
	SYS_quotactl,
	SYS_swapon,
	SYS_swapoff,
	/* the kernel */
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_keyctl,
	SYS_add_key,
	SYS_request_key,
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_kexec_load,
#ifdef SYS_kexec_file_load
	SYS_kexec_file_load,
#endif
	SYS_reboot,
	SYS_syslog,
	SYS_acct,
	SYS_settimeofday,
	SYS_clock_settime,
	SYS_clock_adjtime,
	SYS_adjtimex,
	SYS_sethostname,
	SYS_setdomainname,
	/* Operations of a ring pass by this filter. The log's ring was made before, takes
	 * writes only, and needs RING_CALL alone; libuv does without. */
	SYS_io_uring_setup,
	SYS_io_uring_register,
	RING_CALL,
#ifdef SYS_ioperm
	SYS_ioperm,
	SYS_iopl,
	SYS_modify_ldt,
	SYS_mknod,
#endif
};
enum {
	REFUSED = sizeof(refused) / sizeof(refused[0]),
	HEAD = 4,
	INSTRUCTIONS = HEAD + REFUSED + 2
};
static_assert(REFUSED + 2 < 256, "jumps of BPF go 255 instructions at most");

/* Calls of another ABI have other numbers, so they are refused as a whole. */
static void write_program(struct sock_filter program[INSTRUCTIONS], bool has_ring)
{
	const uint8_t refusal = INSTRUCTIONS - 1;
	struct sock_filter *at = program;

	*at++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					     offsetof(struct seccomp_data, arch));
	*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 0,
					     refusal - 2);
	*at++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					     offsetof(struct seccomp_data, nr));
	*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FOREIGN_CALLS, refusal - 4,
					     0);
	for (uint8_t i = 0; i < REFUSED; i++) {
		bool is_allowed = has_ring && refused[i] == RING_CALL;
		*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refused[i],
						     is_allowed ? 0 : (uint8_t)(REFUSED - i), 0);
	}
	*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	*at = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
}

bool process_filter_calls(bool has_ring)
{
	struct sock_filter program[INSTRUCTIONS];
	struct sock_fprog filter = {.len = INSTRUCTIONS, .filter = program};

	write_program(program, has_ring);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) ==
	       0;
}
#else
bool process_filter_calls(bool has_ring)
{
	(void)has_ring;
	errno = ENOSYS;
	return false;
}
#endif
