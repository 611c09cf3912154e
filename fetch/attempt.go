package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"

	"paw/store"
)

// attempt asks for what is missing and appends it.
func (d *download) attempt(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(d.options.Stall, func() { cancel(ErrStalled) })
	defer silence.Stop()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.URL, nil)
	if err != nil {
		return final("%s: %v", d.URL, err)
	}
	req.Header.Set("Accept-Encoding", "identity") // the pin is of the plain bytes
	req.Header.Set("User-Agent", "paw")
	if d.done > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.done))
		if d.check != "" {
			req.Header.Set("If-Range", d.check)
		}
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return because(ctx, err)
	}
	defer resp.Body.Close()
	if err := d.accept(resp); err != nil {
		return err
	}
	return d.copy(ctx, resp.Body, silence)
}

// accept brings the partial file in line with what the server is about to send.
func (d *download) accept(resp *http.Response) error {
	switch {
	case resp.StatusCode == http.StatusOK:
		// The whole file, whatever was asked for: appending it would corrupt.
		if resp.ContentLength >= 0 && resp.ContentLength != d.Size {
			return final("%s has %d bytes, %d are pinned", d.URL, resp.ContentLength, d.Size)
		}
		if d.done > 0 {
			if err := d.restart(); err != nil {
				return err
			}
		}
	case resp.StatusCode == http.StatusPartialContent:
		var from, to, total int64
		if n, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &total); n != 3 || err != nil || from != d.done || total != d.Size {
			return errors.Join(fmt.Errorf("%w: %s answered with the range %q", ErrFailed, d.URL, resp.Header.Get("Content-Range")), d.restart())
		}
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return errors.Join(fmt.Errorf("%w: %s refuses to resume", ErrFailed, d.URL), d.restart())
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusRequestTimeout || resp.StatusCode >= 500:
		return fmt.Errorf("%w: %s: %s", ErrFailed, d.URL, resp.Status)
	default:
		return final("%s: %s", d.URL, resp.Status)
	}
	if e := resp.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return final("%s is sent as %s", d.URL, e)
	}
	if tag := resp.Header.Get("ETag"); strings.HasPrefix(tag, `"`) { // weak ones cannot vouch for bytes
		d.check = tag
	}
	return nil
}

func (d *download) copy(ctx context.Context, body io.Reader, silence *time.Timer) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			silence.Reset(d.options.Stall)
			if d.done+int64(n) > d.Size {
				return errors.Join(final("%s sends more than the pinned %d bytes", d.URL, d.Size), d.restart())
			}
			if _, err := d.file.Write(buf[:n]); err != nil {
				if errors.Is(err, syscall.ENOSPC) {
					return fmt.Errorf("%w: %s", store.ErrFull, d.part)
				}
				return final("%v", err)
			}
			d.sum.Write(buf[:n])
			d.done += int64(n)
			d.tell(false)
		}
		if err == io.EOF {
			if d.done < d.Size {
				return fmt.Errorf("%w: %s broke off at %d of %d bytes", ErrFailed, d.URL, d.done, d.Size)
			}
			return nil
		}
		if err != nil {
			return because(ctx, err)
		}
	}
}

// because prefers the reason for which a context was cancelled.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return fmt.Errorf("%w: %w", ErrFailed, err)
}

func (d *download) tell(last bool) {
	if d.Progress == nil || !last && time.Since(d.told) < 100*time.Millisecond {
		return
	}
	d.told = time.Now()
	d.Progress(d.done, d.Size)
}
